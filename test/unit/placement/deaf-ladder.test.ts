import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import type { Rhythm } from '../../../shared/domain/rhythm.js';
import { climb, DEAF_LADDER, DeafLadder } from '../../../supervisor/placement/deaf-ladder.js';
import { Recycling } from '../../../supervisor/placement/recycling.js';
import { silent } from '../shared/logged.js';
import { connected, eventually, start } from './placed-sessions-setting.js';

const { climbWithinMs, groundAfterMs } = DEAF_LADDER;
const RHYTHM: Rhythm = { stanzas: 40, usualMs: 7, doubt: 0, deafInARow: 1 };

it.each<[string, Parameters<typeof climb>[0], number, ReturnType<typeof climb>]>([
  ['for the first time', undefined, 5, { rung: 1, step: 'socket' }],
  ['again at once', { rung: 1, at: 0 }, 0, { rung: 2, step: 'move' }],
  ['again within half an hour', { rung: 2, at: 0 }, climbWithinMs - 1, { rung: 3, step: 'recycle' }],
  ['again at the top', { rung: 3, at: 0 }, 1, { rung: 3, step: 'socket' }],
  ['again after half an hour', { rung: 2, at: 0 }, climbWithinMs, { rung: 2, step: 'socket' }],
  ['again after an hour', { rung: 3, at: 0 }, groundAfterMs, { rung: 1, step: 'socket' }],
])('who is deaf %s', (_when, before, beganAt, after) => {
  expect(climb(before, beganAt)).toEqual(after);
});

it('climbs one rung at a time, and moves and recycles only on the way up', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 2 * groundAfterMs }), { maxLength: 50 }), (pauses) => {
      let at = 0;
      let standing: Parameters<typeof climb>[0];
      for (const pause of pauses) {
        const { rung, step } = climb(standing, (at += pause));
        const from = standing?.rung ?? 0;
        expect(rung === 1 || rung === from || rung === from + 1).toBe(true);
        expect(step).toBe(rung === from + 1 && rung > 1 ? (rung === 2 ? 'move' : 'recycle') : 'socket');
        standing = { rung, at };
      }
    }),
  );
});

const setUp = async (sessionIds: string[]) => {
  let now = 0;
  const setting = await start(undefined, { maxSessions: 6, deafLadder: () => ladder });
  const { registry, fleet } = setting;
  const { rooms, handOver } = setting.sessions;
  const recycling = new Recycling({ registry, fleet, rooms, handOver, log: silent });
  const ladder: DeafLadder = new DeafLadder({ registry, handOver, recycling, log: silent, clock: () => now });
  await connected(setting, ...sessionIds);
  return {
    ...setting,
    ladder,
    deaf: async (sessionId: string) => {
      now += 1_000;
      setting.tell(sessionId, { type: 'deaf', proof: 'ping', silentMs: 600, rhythm: RHYTHM });
      await ladder.idle();
      await recycling.idle();
    },
    homes: () => Object.fromEntries(registry.rows().map(({ sessionId, slot }) => [sessionId, slot])),
  };
};

it('leaves the first time to the runner, then gives the session another runner, then recycles that one, then leaves it there', async () => {
  const setting = await setUp(['a', 'b', 'c']);
  expect(setting.sessions.get('a').deaf).toBeUndefined();
  await setting.deaf('a');
  expect(setting.homes()).toEqual({ a: 0, b: 0, c: 1 });
  expect(setting.sessions.get('a').deaf).toMatchObject({ times: 1, rung: 1 });
  await setting.deaf('a');
  expect(setting.homes()).toEqual({ a: 1, b: 0, c: 1 });
  await setting.deaf('a');
  expect(setting.homes()).toEqual({ a: 2, b: 0, c: 2 });
  await setting.deaf('a');
  expect(setting.homes()).toEqual({ a: 2, b: 0, c: 2 });
  expect(setting.sessions.get('a').deaf).toMatchObject({ times: 4, rung: 3 });
  expect(setting.sessions.get('b').deaf).toBeUndefined();
  expect(setting.sessions.list().every(({ state }) => state === 'connected')).toBe(true);
});

it('tells the next runner what was learned of the session, and forgets it with the session', async () => {
  const setting = await setUp(['a', 'b']);
  await setting.deaf('a');
  await setting.deaf('a');
  const opens = setting.fleet.of('session.open').map(({ params }) => [params.sessionId, params.rhythm]);
  expect(opens).toEqual([
    ['a', undefined],
    ['b', undefined],
    ['a', RHYTHM],
  ]);
  await setting.sessions.delete('a');
  expect(setting.ladder.rhythmOf('a')).toBeUndefined();
});

it('recycles the runner of a slot at most once an hour, whoever is deaf in it', async () => {
  const setting = await setUp(['a', 'b', 'c', 'd']);
  for (const sessionId of ['a', 'a', 'b', 'b']) await setting.deaf(sessionId);
  expect(setting.homes()).toEqual({ a: 2, b: 2, c: 1, d: 1 });
  await setting.deaf('a');
  expect(setting.homes()).toEqual({ a: 0, b: 0, c: 1, d: 1 });
  for (const sessionId of ['a', 'b']) await setting.sessions.move(sessionId, 2);
  await setting.deaf('b');
  expect(setting.homes()).toEqual({ a: 2, b: 2, c: 1, d: 1 });
  expect(setting.sessions.get('b').deaf).toMatchObject({ times: 3, rung: 3 });
});

it('goes on where it is when no other runner can be had', async () => {
  const setting = await setUp(['a', 'b']);
  setting.fleet.unavailable = new AppError('RUNNER_UNAVAILABLE', 'No runner starts.');
  for (let n = 0; n < 4; n++) await setting.deaf('a');
  expect(setting.homes()).toEqual({ a: 0, b: 0 });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connected', deaf: { times: 4, rung: 3 } });
});

it('ignores what an earlier owner tells', async () => {
  const setting = await setUp(['a']);
  setting.sessions.onFact('a', -1, { type: 'deaf', proof: 'backlog', silentMs: 1, rhythm: RHYTHM });
  await eventually(() => {
    expect(setting.sessions.get('a').deaf).toBeUndefined();
  });
});
