import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { ConnectThrottle, type ConnectPriority } from '../../../supervisor/placement/connect-throttle.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks for turns and notes when each began. */
const observed = (ratePerSecond: number) => {
  const throttle = new ConnectThrottle({ ratePerSecond });
  const begun: { at: number; name: string }[] = [];
  const ask = (priority: ConnectPriority, name: string = priority): void =>
    void throttle.turn(priority).then(() => begun.push({ at: performance.now(), name }));
  return { throttle, begun, ask };
};
const pass = async (ms: number): Promise<void> => {
  await vi.advanceTimersByTimeAsync(ms);
};

it('lets the first go at once', async () => {
  const { begun, ask } = observed(10);
  await pass(5_000);
  ask('user');
  await pass(0);
  expect(begun).toHaveLength(1);
});

it('keeps the pace, also after it had nothing to do', async () => {
  const { begun, ask } = observed(10);
  for (let n = 0; n < 5; n++) ask('resume');
  await pass(10_000);
  for (let n = 0; n < 5; n++) ask('resume');
  await pass(10_000);
  const start = begun[0]?.at ?? 0;
  expect(begun.map(({ at }) => Math.round(at - start))).toEqual([0, 100, 200, 300, 400, 10_000, 10_100, 10_200, 10_300, 10_400]);
});

it('lets people go before a ramp, and each in their order', async () => {
  const { begun, ask } = observed(10);
  for (const name of ['resume 1', 'resume 2', 'resume 3']) ask('resume', name);
  await pass(150);
  for (const name of ['user 1', 'user 2']) ask('user', name);
  await pass(10_000);
  expect(begun.map(({ name }) => name)).toEqual(['resume 1', 'resume 2', 'user 1', 'user 2', 'resume 3']);
});

it('counts who waits', async () => {
  const { throttle, ask } = observed(10);
  for (let n = 0; n < 4; n++) ask(n % 2 ? 'user' : 'resume');
  expect(throttle.waiting).toBe(3);
  await pass(10_000);
  expect(throttle.waiting).toBe(0);
});

it('lets nobody go after it was stopped', async () => {
  const { throttle, begun, ask } = observed(10);
  ask('user');
  ask('user');
  await pass(0);
  throttle.stop();
  ask('user');
  await pass(10_000);
  expect(begun).toHaveLength(1);
  const idle = observed(10);
  idle.throttle.stop();
  idle.ask('user');
  await pass(10_000);
  expect(idle.begun).toHaveLength(0);
});

it('never begins more than its rate in any second, and lets everybody go in the end', async () => {
  const asking = fc.array(fc.tuple(fc.nat({ max: 700 }), fc.constantFrom<ConnectPriority>('user', 'resume')), {
    maxLength: 40,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), asking, async (rate, asks) => {
      const { begun, ask } = observed(rate);
      for (const [wait, priority] of asks) {
        await pass(wait);
        ask(priority);
      }
      await pass(60_000);
      expect(begun).toHaveLength(asks.length);
      // Timers count whole milliseconds.
      for (const [n, { at }] of begun.entries()) {
        const earlier = begun[n - rate];
        if (earlier) expect(at - earlier.at).toBeGreaterThan(1_000 - rate);
      }
    }),
    { numRuns: 60 },
  );
});
