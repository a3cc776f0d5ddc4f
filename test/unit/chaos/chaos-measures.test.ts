import { expect, test } from 'vitest';
import { disconnectsOutside } from '../../chaos/disconnects.js';
import { calmTimes, FEW_SENDS, leftOver, p99, pooled, timesBeside } from '../../chaos/latency.js';
import type { FaultKind } from '../../chaos/faults.js';
import type { Strike } from '../../chaos/strike.js';

const strikeAt = (at: number, backAt: number, hit: readonly string[], kind: FaultKind = 'kill'): Strike => ({
  kind,
  slot: 0,
  pid: 1,
  hit: new Set(hit),
  at,
  exitAt: at,
  restartedAt: at,
  firstBackAt: backAt,
  sharedBackAt: backAt,
  suspects: [],
  isolated: [],
  backAt,
  overtaken: false,
  wrong: [],
});
const period = { from: 0, to: 100_000 };
const closed = (sessionId: string, closedAt: number | null) => ({ sessionId, closedAt, closeReason: 'gone' });

test('a connection that ends in the runner that was struck is no disconnect outside', () => {
  expect(disconnectsOutside([closed('a', 1_500)], [strikeAt(1_000, 2_000, ['a'])], period)).toEqual([]);
});

test('one that ends beside the fault, or of the same session later, is a disconnect outside', () => {
  const strike = strikeAt(1_000, 2_000, ['a']);
  expect(disconnectsOutside([closed('b', 1_500), closed('a', 2_500)], [strike], period)).toEqual([
    { sessionId: 'b', at: 1_500, reason: 'gone', during: strike },
    { sessionId: 'a', at: 2_500, reason: 'gone', during: undefined },
  ]);
});

test('connections that are open, or ended before or after all of it, do not count', () => {
  const logins = [closed('a', null), closed('b', -1), closed('c', 100_001)];
  expect(disconnectsOutside(logins, [], period)).toEqual([]);
});

test('sends beside a fault count for it, those of the sessions it hit and those in its aftermath for nothing', () => {
  const sent = (sessionId: string, startedAt: number, tookMs: number) => ({ sessionId, startedAt, tookMs });
  const answered = [sent('b', 900, 150), sent('a', 1_500, 700), sent('b', 2_500, 3), sent('b', 4_000, 4)];
  const strikes = [strikeAt(1_000, 2_000, ['a'])];
  expect(timesBeside(answered, strikes, 'kill')).toEqual([150]);
  expect(timesBeside(answered, strikes, 'loop')).toEqual([]);
  expect(calmTimes(answered, strikes)).toEqual([4]);
});

test('a send that still waits for a fault that hit its session counts for no later one', () => {
  const answered = [{ sessionId: 'a', startedAt: 1_500, tookMs: 9_000 }];
  const strikes = [strikeAt(1_000, 2_000, ['a']), strikeAt(5_000, 6_000, ['b'], 'loop')];
  expect(timesBeside(answered, strikes, 'loop')).toEqual([]);
  expect(leftOver(answered, strikes)).toBe(1);
  expect(leftOver(answered, strikes.slice(0, 1))).toBe(0);
});

test('kinds with few sends have one p99 together, and every send is in one of them', () => {
  const times = (count: number): number[] => Array.from({ length: count }, (_, n) => n);
  const [loop, stop, kill] = [times(FEW_SENDS), times(FEW_SENDS - 1), times(3)];
  expect(pooled<FaultKind>([])).toEqual([]);
  expect(pooled<FaultKind>([{ kind: 'loop', times: loop }])).toEqual([{ kinds: ['loop'], times: loop }]);
  expect(
    pooled<FaultKind>([
      { kind: 'kill', times: kill },
      { kind: 'loop', times: loop },
      { kind: 'stop', times: stop },
    ]),
  ).toEqual([
    { kinds: ['loop'], times: loop },
    { kinds: ['kill', 'stop'], times: [...kill, ...stop] },
  ]);
});

test('the p99 is the value that 99 of 100 do not exceed', () => {
  expect(p99(Array.from({ length: 200 }, (_, n) => n + 1))).toBe(198);
  expect(p99([5])).toBe(5);
  expect(p99([])).toBeUndefined();
});
