import { expect, it, onTestFinished, vi } from 'vitest';
import type { HostLoad } from '../../../supervisor/host-load.js';
import { startCapacity } from '../../../supervisor/placement/capacity.js';
import type { Measures } from '../../../supervisor/placement/headroom.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { captureLog } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { create, start } from './placed-sessions-setting.js';

const GIB = 1024 ** 3;
const MEASURES = { runners: 0, runnerBytes: 0, openSessions: 0, comingSessions: 0, eventLoopDelayMs: 20 };

const setUp = async ({ real = false, maxSessions = 50 } = {}) => {
  const { log, lines } = captureLog();
  const store = closing(await openSupervisorStore(tempFolder()));
  const registry = new Registry(store, log);
  const listeners = new Set<() => void>();
  const load: HostLoad = {
    current: () => ({ cpuPercent: 1, memoryPercent: 50, memory: { usedBytes: 2 * GIB, limitBytes: 4 * GIB } }),
    onSample: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => undefined,
  };
  let next: Measures | undefined;
  const capacity = startCapacity({
    ...{ registry, load, log, maxSessions },
    fleet: {
      views: () => [
        {
          ...{ slot: 0, state: 'ready', incarnation: 1, pid: process.pid, startedAt: 0, restarts: 0, lastExit: undefined },
          ...{ beat: undefined, quarantined: false, wanted: true, nextStartInMs: undefined },
        },
      ],
    },
    memoryPercent: 90,
    sessionsPerRunner: 25,
    ...(!real && { measure: async () => (next ? Promise.resolve(next) : Promise.reject(new Error('nothing to measure'))) }),
  });
  onTestFinished(() => {
    capacity.stop();
    expect(listeners.size).toBe(0);
  });
  let at = 0;
  /** Samples once with so many MiB free below the limit. */
  const sample = async (freeMib?: number): Promise<void> => {
    at += 60_000;
    const limitBytes = 4 * GIB;
    next =
      freeMib === undefined ? undefined : { ...MEASURES, at, memory: { limitBytes, usedBytes: 0.9 * limitBytes - freeMib * 1024 ** 2 } };
    for (const listener of listeners) listener();
    await new Promise((resolve) => setImmediate(resolve));
  };
  const add = async (sessionId: string): Promise<void> => registry.add({ sessionId, userId: undefined, sessionName: undefined });
  return { capacity, registry, sample, add, lines };
};

it('is what was configured while there is room, and before anything is known', async () => {
  const { capacity, sample } = await setUp();
  expect([capacity.maxSessions(), capacity.shortage()]).toEqual([50, undefined]);
  await sample(1_000);
  expect([capacity.maxSessions(), capacity.shortage()]).toEqual([50, undefined]);
});

it('is what it has and what fits beside it, as sessions come and go', async () => {
  const { capacity, registry, sample, add } = await setUp();
  await add('a');
  await add('b');
  await sample(3 * 2.2 + 0.1);
  expect(capacity.maxSessions()).toBe(5);
  // What was added after the sample takes its place at once.
  for (const id of ['c', 'd']) await add(id);
  expect([capacity.maxSessions(), capacity.shortage(), capacity.memoryShortage()]).toEqual([5, undefined, undefined]);
  await add('e');
  expect(capacity.maxSessions()).toBe(5);
  expect(capacity.shortage()).toMatch(/memory is at .* 90 % \(CAPACITY_MEMORY_PERCENT\)/);
  // The last place is that of the session just created, which may be paired.
  expect(capacity.memoryShortage()).toBeUndefined();
  await registry.update('e', { deleting: true });
  expect(capacity.maxSessions()).toBe(4);
  await sample(0.1);
  expect(capacity.memoryShortage()).toBe(capacity.shortage());
});

it('says once in the log that it is short, and once that it is not', async () => {
  const { capacity, sample, add, lines } = await setUp();
  await add('a');
  await sample(1);
  expect(capacity.maxSessions()).toBe(1);
  await sample(1);
  await sample();
  expect(capacity.maxSessions()).toBe(1);
  await sample(1_000);
  expect(capacity.maxSessions()).toBe(50);
  expect(
    lines()
      .filter(({ level }) => level !== 'debug')
      .map(({ level, msg }) => [level, msg]),
  ).toEqual([
    ['warn', expect.stringContaining('takes no more sessions for now')],
    ['info', 'there is room for sessions again'],
  ]);
});

it('never is more than configured', async () => {
  const { capacity, sample } = await setUp({ maxSessions: 2 });
  await sample(1_000);
  expect(capacity.maxSessions()).toBe(2);
});

it('measures runners by the memory that is theirs alone', async () => {
  const { capacity, sample } = await setUp({ real: true, maxSessions: 1_000_000 });
  await sample();
  // The process of this test stands for a runner that holds nothing: what it takes is shared out over ten sessions at least.
  await vi.waitFor(() => expect(capacity.maxSessions()).toBeLessThan(1_000_000), 60_000);
  expect(capacity.maxSessions()).toBeGreaterThan(20);
});

it('refuses new sessions only, with what is short', async () => {
  let shortage: string | undefined;
  const setting = await start(undefined, { shortage: () => shortage });
  await create(setting, 'a');
  shortage = 'Memory is short.';
  await expect(setting.sessions.create({ sessionId: 'b' })).rejects.toMatchObject({
    code: 'AT_CAPACITY',
    message: 'Memory is short.',
    retryAfterSeconds: 60,
  });
  await expect(setting.sessions.create({ sessionId: 'a' })).rejects.toMatchObject({ code: 'SESSION_ALREADY_EXISTS' });
  shortage = undefined;
  await create(setting, 'b');
});
