import { rmSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { chaosRun, type ChaosResult } from '../chaos/chaos-run.js';
import { reportOf } from '../chaos/report.js';

/** Those that end a runner at once, or not at all. */
const QUICK_KINDS = ['kill', 'heap', 'rejection', 'exception'] as const;

let result: ChaosResult | undefined;
afterEach(() => {
  if (result?.folder !== undefined) rmSync(result.folder, { recursive: true, force: true });
  result = undefined;
});

test('faults in one runner after the other disconnect nobody in the others, and lose and double nothing', async () => {
  const seed = Date.now() % 2 ** 31;
  result = await chaosRun({
    ...{ seed, seconds: 25, atLeast: QUICK_KINDS.length, runners: 3, sessionsPerRunner: 6, sendsPerSecond: 6, receivedPerSecond: 3 },
    kinds: QUICK_KINDS,
    say: () => undefined,
  });
  const { checks, observed, rows, sent, received } = result;
  const report = [`seed ${seed}`, ...reportOf(result)].join('\n');
  expect(observed.failures, report).toEqual([]);
  // How fast it is depends on what else the machine does; what was measured stands in the report.
  expect(
    checks.filter(({ sort, pass }) => sort === 'count' && !pass),
    report,
  ).toEqual([]);
  expect(
    rows.map(({ kind }) => kind),
    report,
  ).toEqual(QUICK_KINDS);
  expect(Math.min(sent, received), report).toBeGreaterThan(20);
}, 400_000);
