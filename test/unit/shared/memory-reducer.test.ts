import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

/** Is busy, forgets what it made, and rests, for as long as it has not given back most of the memory that it took; prints which part it keeps. */
const PROGRAM = `
  import { readFileSync } from 'node:fs';
  import { setTimeout as sleep } from 'node:timers/promises';
  const anonymous = () => Number(/Anonymous:\\s+(\\d+)/.exec(readFileSync('/proc/self/smaps_rollup', 'utf8'))[1]);
  const [seconds, file] = process.argv.slice(1);
  if (file) (await import(file)).letMemoryReducerRun();
  const before = anonymous();
  let kept = [];
  for (let round = 0; round < 100; round++) {
    const made = Array.from({ length: 20_000 }, (_, n) => ({ n, text: 'a' + n }));
    if (round % 10 === 0) kept.push(made);
    await sleep(5);
  }
  const busy = anonymous();
  kept = [];
  let part = 1;
  for (let second = 0; second < Number(seconds) && part > 0.3; second++) {
    await sleep(1_000);
    part = (anonymous() - before) / (busy - before);
  }
  console.log(part);
`;
const FILE = new URL('../../../shared/memory-reducer.ts', import.meta.url).href;

/** Versions that need it can also load TypeScript; those before give back by themselves. */
const needed = Number.parseInt(process.versions.node, 10) >= 24;

/**
 * The slower V8 collects, the less it takes for little that was allocated: 40 seconds on an idle machine, 106 on one with six other busy processes for two cores.
 * Where it is needed, V8 collects all the same 100 seconds after the last time.
 */
const SECONDS = needed ? 90 : 160;

const partKept = async (...files: string[]): Promise<number> => {
  const options = ['--max-semi-space-size=8', '--input-type=module', '--eval', PROGRAM, '--', String(SECONDS), ...files];
  return Number((await promisify(execFile)(process.execPath, options)).stdout);
};

it.concurrent('is needed from Node.js 24 on: what a busy process took stays with it when it rests', async () => {
  expect((await partKept()) > 0.6).toBe(needed);
});

it.concurrent('lets a process that rests give back what it took while it was busy', async () => {
  expect(await partKept(...(needed ? [FILE] : []))).toBeLessThanOrEqual(0.3);
});
