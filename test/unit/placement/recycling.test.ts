import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { RECYCLE_LIMITS } from '../../../supervisor/fleet/recycle-policy.js';
import { planRecycling } from '../../../supervisor/placement/planned-recycling.js';
import { Recycling } from '../../../supervisor/placement/recycling.js';
import { silent } from '../shared/logged.js';
import { connected, eventually, opens, start } from './placed-sessions-setting.js';

const setUp = async (sessions: string[], options: Parameters<typeof start>[1] = {}) => {
  const setting = await start(undefined, { maxSessions: 4, ...options });
  let now = 0;
  const { registry, fleet } = setting;
  const { rooms, handOver } = setting.sessions;
  const recycling = new Recycling({ registry, fleet, rooms, handOver, log: silent, clock: () => now });
  await connected(setting, ...sessions);
  return {
    ...setting,
    recycling,
    pass: (ms: number) => {
      now += ms;
    },
    homes: () => Object.fromEntries(registry.rows().map(({ sessionId, slot }) => [sessionId, slot])),
    running: () => fleet.views().map(({ slot }) => slot),
  };
};

it('moves all sessions of a runner into the lowest empty slot, those that are not connected too, and ends the runner', async () => {
  const setting = await setUp(['a', 'b', 'c']);
  await setting.sessions.disconnect('b');
  expect(setting.recycling.begin(0)).toEqual({ slot: 0, sessions: 2, target: 2 });
  await setting.recycling.idle();
  expect(setting.homes()).toEqual({ a: 2, b: 2, c: 1 });
  expect(setting.running()).toEqual([1, 2]);
  expect(setting.registry.get('a').state).toBe('connected');
  expect(setting.registry.get('b').state).toBe('disconnected');
});

it('does one at a time, and refuses slots without a runner and when no slot is empty', async () => {
  const setting = await setUp(['a', 'b', 'c']);
  setting.recycling.begin(0);
  expect(() => setting.recycling.begin(1)).toThrow(expect.objectContaining({ code: 'BUSY' }) as Error);
  await setting.recycling.idle();
  expect(() => setting.recycling.begin(0)).toThrow(expect.objectContaining({ code: 'NOT_FOUND' }) as Error);
  await setting.sessions.move('c', 0);
  await setting.sessions.move('a', 1);
  expect(() => setting.recycling.begin(1)).toThrow(expect.objectContaining({ code: 'AT_CAPACITY' }) as Error);
});

it('places a session that is created meanwhile in neither of the two slots', async () => {
  const setting = await setUp(['a', 'b'], { maxSessions: 6 });
  await setting.sessions.create({ sessionId: 'new' });
  setting.recycling.begin(0);
  await setting.sessions.connect('new');
  await setting.recycling.idle();
  expect(setting.homes()).toEqual({ a: 1, b: 1, new: 2 });
});

it('keeps the runner for a session that could not be moved', async () => {
  const setting = await setUp(['a', 'b']);
  const before = setting.fleet.answer;
  setting.fleet.answer = (call) => {
    if (call.method === 'session.adopt' && call.params.sessionId === 'b') throw new AppError('INTERNAL', 'It cannot be copied.');
    return before(call);
  };
  setting.recycling.begin(0);
  await setting.recycling.idle();
  expect(setting.homes()).toEqual({ a: 1, b: 0 });
  expect(setting.running()).toEqual([0, 1]);
  expect(setting.registry.get('b').state).toBe('connected');
});

it('lets the sessions of a runner that ended live in an empty slot, but none of them twice within an hour', async () => {
  const setting = await setUp(['a', 'b', 'c']);
  setting.fleet.exit(0);
  await setting.recycling.rescue(0);
  await eventually(() => {
    expect(setting.registry.rows().map(({ state }) => state)).toEqual(['connected', 'connected', 'connected']);
  });
  expect(setting.homes()).toEqual({ a: 2, b: 2, c: 1 });
  // The source is gone: its rows were read as they lay there.
  expect(setting.fleet.of('session.close')).toEqual([]);
  setting.fleet.exit(2);
  await setting.recycling.rescue(2);
  expect(setting.homes()).toEqual({ a: 2, b: 2, c: 1 });
  setting.pass(60 * 60_000);
  await setting.recycling.rescue(2);
  expect(setting.homes()).toEqual({ a: 0, b: 0, c: 1 });
});

it('begins by itself when the beats of a runner stay above the limit', async () => {
  const setting = await setUp(['a', 'b']);
  let now = 0;
  const stop = planRecycling({ fleet: setting.fleet, recycling: setting.recycling, limitBytes: 100, log: silent, clock: () => now });
  const beat = {
    rssBytes: 1_000,
    anonymousBytes: 101,
    heapUsedBytes: 0,
    heapLimitBytes: 0,
    cpuPercent: 0,
    eventLoopDelayP99Ms: 0,
    sessions: 2,
    spoolRecords: 0,
    spoolBytes: 0,
    unhandledRejections: 0,
  };
  const beats = (count: number): void => {
    for (let n = 0; n < count; n++) setting.fleet.beat(0, beat);
  };
  beats(RECYCLE_LIMITS.beats);
  expect(setting.recycling.isRunning).toBe(false);
  now = RECYCLE_LIMITS.minAgeMs;
  beats(1);
  expect(setting.recycling.isRunning).toBe(true);
  await setting.recycling.idle();
  expect(setting.homes()).toEqual({ a: 1, b: 1 });
  stop();
  expect(opens(setting).at(-1)?.[1]).toBe(1);
});
