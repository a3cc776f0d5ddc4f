import fc from 'fast-check';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  connectsAtOnce,
  connectsSaved,
  ConnectThrottle,
  FIRST_SYNC_MS,
  PATIENCE,
  SETTLE_MS,
  type ConnectPriority,
  type ThrottleOptions,
} from '../../../supervisor/placement/connect-throttle.js';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Asks for turns and notes when each began; every connect settles at once unless it is said to hang. */
const observed = (ratePerSecond: number, { hang = false, ...options }: Partial<ThrottleOptions> & { hang?: boolean } = {}) => {
  const throttle = new ConnectThrottle({ ratePerSecond, ...options });
  const begun: { at: number; name: string }[] = [];
  const ask = (priority: ConnectPriority, name: string = priority, signal?: AbortSignal): void =>
    void throttle.turn({ sessionId: name, priority, ...(signal && { signal }) }).then(
      () => {
        begun.push({ at: performance.now(), name });
        if (!hang) throttle.settled(name);
      },
      () => undefined,
    );
  return { throttle, begun, ask, names: () => begun.map(({ name }) => name) };
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

it('keeps the pace of a ramp, also after it had nothing to do', async () => {
  const { begun, ask } = observed(10);
  for (let n = 0; n < 5; n++) ask('resume');
  await pass(10_000);
  for (let n = 0; n < 5; n++) ask('resume');
  await pass(10_000);
  const start = begun[0]?.at ?? 0;
  expect(begun.map(({ at }) => Math.round(at - start))).toEqual([0, 100, 200, 300, 400, 10_000, 10_100, 10_200, 10_300, 10_400]);
});

it('lets the sessions of a lost runner go at once, as far as there is something saved, and the rest at the rate', async () => {
  const { begun, ask } = observed(10);
  const start = performance.now();
  const all = (sessions: number): void => {
    for (let n = 0; n < sessions; n++) ask('reconnect', `session ${n}`);
  };
  await pass(1_000);
  all(13);
  await pass(10_000);
  // One that is due now, ten that were due in the second before.
  const [first, ...others] = begun.splice(0).map(({ at }) => Math.round(at - start));
  expect(others).toEqual([...Array.from({ length: 10 }, () => 1_000), 1_100, 1_200]);
  expect(first).toBe(1_000);
  // However long nobody came: two seconds' worth.
  await pass(3_600_000);
  all(25);
  await pass(0);
  expect(begun).toHaveLength(1 + connectsSaved(10));
  await pass(400);
  expect(begun).toHaveLength(25);
});

it('has nothing saved at the start, nor while somebody waits', async () => {
  const { throttle, begun, ask } = observed(10, { hang: true });
  for (let n = 0; n < 60; n++) ask('reconnect', `session ${n}`);
  await pass(0);
  expect(begun).toHaveLength(1);
  await pass(30_000);
  // They are kept up by their number, not by the rate.
  expect(begun).toHaveLength(connectsAtOnce(10));
  for (let n = 0; n < connectsAtOnce(10); n++) throttle.settled(`session ${n}`);
  await pass(0);
  expect(begun).toHaveLength(connectsAtOnce(10) + 1);
});

it('lets a session that somebody asks for go at once, out of a ramp that does not take what is saved', async () => {
  const { throttle, names, ask } = observed(10);
  await pass(10_000);
  for (const name of ['a', 'b', 'c', 'd']) ask('resume', name);
  await pass(0);
  expect(names()).toEqual(['a']);
  throttle.hurry('d');
  await pass(0);
  expect(names()).toEqual(['a', 'd']);
  await pass(200);
  expect(names()).toEqual(['a', 'd', 'b', 'c']);
});

it('goes at the rate when what was saved is given up', async () => {
  const { throttle, begun, ask } = observed(10);
  await pass(10_000);
  throttle.spendSaved();
  for (let n = 0; n < 25; n++) ask('reconnect', `session ${n}`);
  await pass(1_000);
  expect(begun).toHaveLength(11);
});

it('lets people go before reconnects and these before a ramp, and each in their order', async () => {
  const { names, ask } = observed(10);
  for (const name of ['resume 1', 'resume 2', 'resume 3']) ask('resume', name);
  await pass(150);
  ask('reconnect');
  for (const name of ['user 1', 'user 2']) ask('user', name);
  ask('pairing');
  await pass(10_000);
  expect(names()).toEqual(['resume 1', 'resume 2', 'pairing', 'user 1', 'user 2', 'reconnect', 'resume 3']);
});

it('lets a session of the ramp go with the people once somebody asks for it', async () => {
  const { throttle, names, ask } = observed(10);
  for (const name of ['a', 'b', 'c', 'd']) ask('resume', name);
  await pass(50);
  ask('user', 'first');
  throttle.hurry('d');
  throttle.hurry('unknown');
  await pass(10_000);
  expect(names()).toEqual(['a', 'first', 'd', 'b', 'c']);
});

it('counts who waits and who is under way', async () => {
  const { throttle, ask } = observed(10, { hang: true });
  for (let n = 0; n < 4; n++) ask(n % 2 ? 'user' : 'resume', `s${n}`);
  expect([throttle.waiting, throttle.connecting]).toEqual([3, 1]);
  await pass(10_000);
  expect([throttle.waiting, throttle.connecting]).toEqual([0, 4]);
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
  expect(vi.getTimerCount()).toBe(0);
});

it('has so many under way and no more, until one is settled or is given up', async () => {
  const { throttle, begun, ask } = observed(2, { hang: true });
  for (let n = 0; n < 13; n++) ask('resume', `s${n}`);
  await pass(30_000);
  expect(begun).toHaveLength(connectsAtOnce(2));
  throttle.settled('s3');
  throttle.settled('s3');
  throttle.settled('somebody else');
  await pass(0);
  expect(begun.at(-1)?.name).toBe('s10');
  await pass(SETTLE_MS - 30_000 - 1);
  expect(begun).toHaveLength(11);
  await pass(500);
  expect(begun).toHaveLength(12);
});

it('takes a request back when its caller gives up, and lets the next one go', async () => {
  const { throttle, names, ask } = observed(10);
  const given = new AbortController();
  ask('user', 'a');
  ask('user', 'b', given.signal);
  ask('user', 'c');
  given.abort();
  await pass(10_000);
  expect(names()).toEqual(['a', 'c']);
  expect(throttle.waiting).toBe(0);
  ask('user', 'd', given.signal);
  await pass(1_000);
  expect(names()).toEqual(['a', 'c']);
});

it('has so many first syncs at once, while all others go on', async () => {
  const { throttle, names, ask } = observed(10, { firstSyncs: 2 });
  for (const name of ['p1', 'p2', 'p3', 'p4', 'p5']) ask('pairing', name);
  ask('resume', 'r1');
  await pass(1_000);
  expect(names()).toEqual(['p1', 'p2', 'r1']);
  throttle.synced('p1');
  await pass(1_000);
  expect(names()).toEqual(['p1', 'p2', 'r1', 'p3']);
  // The same session comes again, with the place it has.
  ask('pairing', 'p3');
  await pass(1_000);
  expect(names().at(-1)).toBe('p3');
  await pass(FIRST_SYNC_MS);
  expect(names().slice(-2)).toEqual(['p4', 'p5']);
});

it('waits for its gate', async () => {
  const gate = { at: 3_000, atOnce: 1, begun: [] as string[] };
  const { throttle, names, ask } = observed(10, {
    hang: true,
    gate: { notBefore: () => gate.at, atOnce: () => gate.atOnce, began: (sessionId) => gate.begun.push(sessionId) },
  });
  for (const name of ['a', 'b', 'c']) ask('user', name);
  await pass(2_000);
  expect(names()).toEqual([]);
  gate.at = performance.now();
  throttle.look();
  await pass(5_000);
  expect(names()).toEqual(['a']);
  gate.atOnce = 10;
  throttle.look();
  await pass(5_000);
  expect([names(), gate.begun]).toEqual([
    ['a', 'b', 'c'],
    ['a', 'b', 'c'],
  ]);
});

it('passes nobody over for ever', async () => {
  const { names, ask } = observed(10);
  ask('resume', 'ramp 1');
  ask('resume', 'ramp 2');
  ask('reconnect');
  for (let n = 0; n < 50; n++) ask('user', `user ${n}`);
  await pass(60_000);
  expect(names().indexOf('reconnect')).toBeLessThanOrEqual(2 * PATIENCE);
  expect(names().indexOf('ramp 2')).toBeLessThanOrEqual(2 * PATIENCE);
});

const PRIORITY = fc.constantFrom<ConnectPriority>('pairing', 'user', 'reconnect', 'resume');

it('never begins more than rate and savings allow in any time nor has more under way than it may, and lets everybody go in the end', async () => {
  const asking = fc.array(fc.record({ wait: fc.nat({ max: 700 }), priority: PRIORITY, takes: fc.nat({ max: 60_000 }) }), {
    maxLength: 60,
    size: 'max',
  });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 4 }), asking, async (rate, firstSyncs, asks) => {
      const throttle = new ConnectThrottle({ ratePerSecond: rate, firstSyncs });
      const begun: number[] = [];
      const underWay = new Set<number>();
      const syncing = new Set<number>();
      const connect = async (n: number, priority: ConnectPriority, takes: number): Promise<void> => {
        await throttle.turn({ sessionId: String(n), priority });
        begun.push(performance.now());
        underWay.add(n);
        if (priority === 'pairing') syncing.add(n);
        expect(underWay.size).toBeLessThanOrEqual(connectsAtOnce(rate));
        expect(syncing.size).toBeLessThanOrEqual(firstSyncs);
        // What takes longer is given up by the throttle at these moments.
        setTimeout(
          () => {
            underWay.delete(n);
            throttle.settled(String(n));
          },
          Math.min(takes, SETTLE_MS),
        );
        setTimeout(() => {
          syncing.delete(n);
          throttle.synced(String(n));
        }, takes);
      };
      const connects: Promise<void>[] = [];
      for (const [n, { wait, priority, takes }] of asks.entries()) {
        await pass(wait);
        connects.push(connect(n, priority, takes));
      }
      await pass((asks.length + 1) * (60_000 + 1_000));
      await Promise.all(connects);
      expect(begun).toHaveLength(asks.length);
      for (const [n, at] of begun.entries())
        for (const [before, since] of begun.slice(0, n).entries())
          // Timers count whole milliseconds.
          expect(n - before).toBeLessThanOrEqual((rate * (at - since + n - before)) / 1_000 + connectsSaved(rate));
    }),
    { numRuns: 60 },
  );
});

it('never begins more of a ramp than its rate in any second, however long there was nothing to do', async () => {
  const ramps = fc.array(fc.record({ wait: fc.constantFrom(0, 300, 20_000), sessions: fc.nat({ max: 30 }) }), { maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 1, max: 20 }), ramps, async (rate, all) => {
      const { begun, ask } = observed(rate);
      for (const { wait, sessions } of all) {
        await pass(wait);
        for (let n = 0; n < sessions; n++) ask('resume', `session ${n}`);
      }
      await pass(200_000);
      expect(begun).toHaveLength(all.reduce((sum, { sessions }) => sum + sessions, 0));
      // Timers count whole milliseconds.
      for (const [n, { at }] of begun.entries()) expect(at - (begun[n - rate]?.at ?? -Infinity)).toBeGreaterThan(1_000 - rate);
    }),
    { numRuns: 40 },
  );
});

it('lets a ramp go on while people and reconnects keep coming, more slowly than the rate', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(PRIORITY, { minLength: 20, maxLength: 60 }), fc.integer({ min: 1, max: 20 }), async (others, sessions) => {
      const { names, ask } = observed(10);
      for (let n = 0; n < sessions; n++) ask('resume', `ramp ${n}`);
      // Twice as slowly as they could go, so every other turn is the ramp's.
      for (const [n, priority] of others.entries()) {
        ask(priority, `other ${n}`);
        await pass(200);
      }
      const done = names().filter((name) => name.startsWith('ramp')).length;
      expect(done).toBeGreaterThanOrEqual(
        Math.min(sessions, others.length - 1 - others.filter((priority) => priority === 'resume').length),
      );
    }),
    { numRuns: 40 },
  );
});
