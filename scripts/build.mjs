// Builds into dist/ what is older than its sources: the worker, and with `--with-tests` also the simulated WhatsApp and the tools.
// Several starts at once in one checkout build once: the others wait.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = dirname(dirname(fileURLToPath(import.meta.url)));
const WORKER = ['supervisor', 'session-runner', 'shared', 'package-lock.json', 'tsconfig.json', 'tsconfig.worker.json'];
const { sources, project, stamps } = process.argv.includes('--with-tests')
  ? { sources: [...WORKER, 'test'], project: 'tsconfig.json', stamps: ['.built-with-tests', '.built'] }
  : { sources: WORKER, project: 'tsconfig.worker.json', stamps: ['.built'] };
/** The first tells whether this build is fresh; the others stand for what it includes. */
const STAMPS = stamps.map((name) => join(ROOT, 'dist', name));
const [STAMP] = STAMPS;
const LOCK = join(ROOT, 'node_modules', '.build-lock');
/** Far above any build: a lock this old was left by a build that died. */
const STALE_LOCK_MS = 180_000;

const newest = (path) => {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) return 0;
  if (!stat.isDirectory()) return /\.ts$|\.json$/.test(path) ? stat.mtimeMs : 0;
  return Math.max(stat.mtimeMs, ...readdirSync(path).map((name) => newest(join(path, name))));
};

const isFresh = () => existsSync(STAMP) && sources.every((source) => newest(join(ROOT, source)) <= statSync(STAMP).mtimeMs);

const pause = (ms) => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);

const takeLock = () => {
  for (;;) {
    try {
      mkdirSync(LOCK);
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const age = Date.now() - (statSync(LOCK, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (age > STALE_LOCK_MS) rmSync(LOCK, { recursive: true, force: true });
      pause(200);
    }
  }
};

const typescript = () => {
  try {
    return createRequire(import.meta.url).resolve('typescript/bin/tsc');
  } catch {
    return undefined;
  }
};

const build = () => {
  const compiler = typescript();
  if (!compiler) {
    // An image or a server with production dependencies only runs what was built elsewhere.
    if (existsSync(STAMP)) return 0;
    process.stderr.write('Nothing is built and the compiler is not installed: run `npm ci` first.\n');
    return 1;
  }
  process.stderr.write('Building …\n');
  const startedAt = new Date();
  const { status } = spawnSync(process.execPath, [compiler, '-p', join(ROOT, project)], { cwd: ROOT, stdio: ['ignore', 2, 2] });
  if (status === 0) {
    for (const stamp of STAMPS) {
      writeFileSync(stamp, '');
      // A source saved while the compiler ran is newer than this.
      utimesSync(stamp, startedAt, startedAt);
    }
  }
  return status ?? 1;
};

if (!isFresh()) {
  if (!existsSync(join(ROOT, 'node_modules'))) {
    process.stderr.write('The dependencies are not installed: run `npm ci` first.\n');
    process.exit(1);
  }
  takeLock();
  try {
    if (!isFresh()) process.exitCode = build();
  } finally {
    rmSync(LOCK, { recursive: true, force: true });
  }
}
