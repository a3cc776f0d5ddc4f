import type { ChildProcess } from 'node:child_process';
import { expect, it } from 'vitest';
import { Store } from '../../../shared/store/store.js';
import { eventually } from '../../fixtures/eventually.js';
import { startChild } from './child.js';
import { tempFolder } from './temp-store.js';

const TRIES = 40;
/** Commits that have to follow a stop: those under way had their locks already. */
const COMMITS = 24;
const ALWAYS_FINE_MS = 1_000;

const acknowledgedBy = (child: ChildProcess): (() => number) => {
  let last = 0;
  child.on('message', (n) => (last = Math.max(last, Number(n))));
  return () => last;
};

const medianOf = (times: number[]): number => times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? Infinity;

/** Milliseconds until `COMMITS` more. */
const pace = async (acknowledged: () => number, name: string): Promise<number> => {
  const [start, target] = [performance.now(), acknowledged() + COMMITS];
  await eventually(() => acknowledged() >= target, `${name} commits`, 60_000);
  return performance.now() - start;
};

it('never lets a stopped writer delay a process that writes its own store and reads the stopped one’s', async () => {
  const [stopped, going] = [tempFolder(), tempFolder()];
  await new Store(stopped, { tables: [] }).close();
  const goingAt = acknowledgedBy(startChild('writing-child', going, '1', stopped));
  await pace(goingAt, 'the other one');
  const one = startChild('writing-child', stopped, '1');
  const stoppedAt = acknowledgedBy(one);
  await pace(stoppedAt, 'the one to be stopped');

  const before: number[] = [];
  const during: number[] = [];
  for (let n = 0; n < TRIES; n++) {
    before.push(await pace(goingAt, 'the other one, both running'));
    one.kill('SIGSTOP');
    during.push(await pace(goingAt, 'the other one, beside a stopped writer'));
    one.kill('SIGCONT');
    await pace(stoppedAt, 'the one that was stopped');
  }
  // That each of them came to its end shows that no stop was waited for. One alone may meet a moment when the machine did something else.
  expect(medianOf(during)).toBeLessThan(Math.max(ALWAYS_FINE_MS, 5 * medianOf(before)));
});
