// LMDB gives a store up when the page that makes a commit valid cannot be written: what a disk with a bad sector does.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const CHILD = fileURLToPath(new URL('../../../dist/test/fixtures/committing-child.js', import.meta.url));
const NEXT = fileURLToPath(new URL('../../../dist/test/fixtures/acknowledging-child.js', import.meta.url));
const OPTIONS = { encoding: 'utf8', timeout: 60_000, killSignal: 'SIGKILL' } as const;

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!hasStrace) console.log('skipping: strace is not installed, or not allowed to trace');

/** Made so that the write fails which makes a commit valid, and not one before it; and LMDB itself does not always survive that. */
const loseStore = (): { folder: string; stdout: string; status: number | null } => {
  for (let attempt = 1; ; attempt++) {
    const folder = mkdtempSync(join(tmpdir(), 'worker-lost-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const fault = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=EIO:when=12+', '-P', join(folder, 'data.mdb')];
    const { stdout, stderr, status, signal } = spawnSync(
      'strace',
      ['-f', '-o', '/dev/null', ...fault, process.execPath, CHILD, folder],
      OPTIONS,
    );
    const again = stderr.includes('Attempting to write page') || signal === 'SIGABRT' || signal === 'SIGSEGV';
    if (attempt === 10 || !again) return { folder, stdout, status };
  }
};

it.skipIf(!hasStrace)('A store that LMDB gave up refuses every commit and read in words of ours, and says when a new start helps', () => {
  const { folder, stdout, status } = loseStore();
  expect(status).toBe(0);
  const counts = JSON.parse(stdout) as Record<string, number>;
  expect(Object.keys(counts).sort()).toEqual(['committed', 'lost', 'read STORAGE_UNAVAILABLE', 'refused STORAGE_UNAVAILABLE']);
  expect(spawnSync(process.execPath, [NEXT, folder], OPTIONS)).toMatchObject({ status: 0, stdout: 'committed 1\n' });
});
