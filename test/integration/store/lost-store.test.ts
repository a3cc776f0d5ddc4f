// LMDB gives a store up when the page that makes a commit valid cannot be written: what a disk with a bad sector does.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, it, onTestFinished } from 'vitest';

const CHILD = fileURLToPath(new URL('../../../dist/test/fixtures/committing-child.js', import.meta.url));

const hasStrace = spawnSync('strace', ['-o', '/dev/null', 'true']).status === 0;
if (!hasStrace) console.log('skipping: strace is not installed, or not allowed to trace');

it.skipIf(!hasStrace)(
  'A store that LMDB gave up refuses every commit and read in words of ours, ends, and says when a new start helps',
  () => {
    const folder = mkdtempSync(join(tmpdir(), 'worker-lost-'));
    onTestFinished(() => {
      rmSync(folder, { recursive: true });
    });
    const store = join(folder, 'store');
    // Of the writes with this call to this file each makes a commit valid.
    const fault = ['-e', 'trace=pwrite64', '-e', 'inject=pwrite64:error=EIO:when=40', '-P', join(store, 'data.mdb')];
    const options = { encoding: 'utf8', timeout: 60_000 } as const;
    const { stdout, status } = spawnSync('strace', ['-f', '-o', '/dev/null', ...fault, process.execPath, CHILD, store], options);
    expect(status).toBe(0);
    const counts = JSON.parse(stdout) as Record<string, number>;
    expect(Object.keys(counts).sort()).toEqual(['committed', 'read STORAGE_UNAVAILABLE', 'refused STORAGE_UNAVAILABLE']);
    expect(counts['committed']).toBeGreaterThan(10);

    const after = spawnSync(
      process.execPath,
      [fileURLToPath(new URL('../../../dist/test/fixtures/acknowledging-child.js', import.meta.url)), store],
      options,
    );
    expect(after).toMatchObject({ status: 0, stdout: 'committed 1\n' });
  },
);
