import { expect, it } from 'vitest';
import type { Operation } from '../../../shared/in-flight-file.js';
import type { Store } from '../../../shared/store/store.js';
import { Recycling } from '../../../supervisor/placement/recycling.js';
import { SUSPECT_LIMITS } from '../../../supervisor/placement/suspect-policy.js';
import { silent } from '../shared/logged.js';
import { answerOpensWith, CAUGHT_UP, CONNECTING, connected, create, eventually, OPEN, opens, start } from './placed-sessions-setting.js';

/** Two sessions share a runner and three slots are shared, so the slots for single sessions are 3 to 6. */
const FIRST_PLACE = 3;

const setUp = async (store?: Store, perRunner = 2) => {
  let marks: Record<string, Operation[]> = {};
  let aheadMs = 0;
  const setting = await start(store, {
    maxSessions: 4,
    maxSessionsPerRunner: perRunner,
    pauseMs: 1,
    takeMarks: () => {
      const taken = Object.entries(marks).map(([sessionId, operations]) => ({ sessionId, operations }));
      marks = {};
      return taken;
    },
    now: () => Date.now() + aheadMs,
  });
  const { registry, fleet, sessions } = setting;
  return {
    ...setting,
    /** The runner of a slot crashes with this under way. */
    crash: async (slot: number, underWay: Record<string, Operation[]>) => {
      // A session may be connected a little before whoever opened it is done.
      await new Promise((resolve) => setImmediate(resolve));
      marks = underWay;
      fleet.exit(slot, 'crash');
    },
    /** Minutes go by, and whoever is to be cleared then is. */
    pass: async (minutes: number) => {
      aheadMs += minutes * 60_000;
      await sessions.suspects.check();
    },
    homes: () => Object.fromEntries(registry.rows().map(({ sessionId, slot }) => [sessionId, slot])),
    suspectOf: (sessionId: string) => registry.get(sessionId).suspect,
  };
};

type World = Awaited<ReturnType<typeof setUp>>;

const crashTwice = async (world: World, sessionId: string, slot = 0): Promise<void> => {
  for (let n = 0; n < 2; n++) {
    if (!world.fleet.views().some((view) => view.slot === slot)) world.fleet.start(slot);
    await untilAllConnected(world);
    await world.crash(slot, { [sessionId]: ['connect'] });
  }
};

const untilAllConnected = async ({ registry }: World): Promise<void> =>
  eventually(() => {
    expect(registry.rows().filter(({ desired, state }) => desired === 'connected' && state !== 'connected')).toEqual([]);
  });

it('notes the deaths of sessions with something under way, and of no others', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await world.crash(0, { a: ['decrypt'], b: [], gone: ['send'] });
  expect(world.suspectOf('a')).toMatchObject({ deaths: [{ slot: 0, operation: 'decrypt', verdict: 'crash' }], isolated: false });
  expect(world.suspectOf('b')).toBeUndefined();
  expect(world.sessions.get('a').state).toBe('reconnecting');
});

it('opens suspects after all others of their slot, each when the one before has everything that waited for it', async () => {
  const world = await setUp(undefined, 4);
  await connected(world, 'a', 'b', 'c', 'd');
  await world.crash(0, { a: ['connect'], b: ['connect'] });
  answerOpensWith(world, CONNECTING);
  const before = opens(world).length;
  const opened = (): string[] =>
    opens(world)
      .slice(before)
      .map(([sessionId]) => sessionId);
  const next = async (...expected: string[]): Promise<void> => {
    await eventually(() => {
      expect(opened()).toEqual(expected);
    });
    // Had another one not been waited for, it would have come by now.
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(opened()).toEqual(expected);
  };
  world.fleet.start(0);
  await next('c', 'd');
  world.tell('c', OPEN);
  await next('c', 'd');
  // WhatsApp may tell the end of it before the connection counts as open.
  world.tell('d', CAUGHT_UP);
  world.tell('d', OPEN);
  await next('c', 'd');
  world.tell('c', CAUGHT_UP);
  await next('c', 'd', 'a');
  world.tell('a', OPEN);
  await next('c', 'd', 'a');
  world.tell('a', CAUGHT_UP);
  await next('c', 'd', 'a', 'b');
});

it('opens the others first again when the runner dies while a suspect waits for its turn', async () => {
  const world = await setUp(undefined, 4);
  await connected(world, 'a', 'b', 'c');
  await world.crash(0, { a: ['connect'], b: ['connect'] });
  answerOpensWith(world);
  world.fleet.start(0);
  await eventually(() => {
    expect(opens(world).at(-1)?.[0]).toBe('c');
  });
  world.tell('c', OPEN);
  world.tell('c', CAUGHT_UP);
  await eventually(() => {
    expect(opens(world).at(-1)?.[0]).toBe('a');
  });
  const before = opens(world).length;
  await world.crash(0, { a: ['connect'] });
  answerOpensWith(world, OPEN, CAUGHT_UP);
  world.fleet.start(0);
  await untilAllConnected(world);
  const inSlot0 = opens(world)
    .slice(before)
    .filter(([, slot]) => slot === 0)
    .map(([sessionId]) => sessionId);
  expect(inSlot0).toEqual(['c', 'b']);
  // Four share a runner, and two slots are shared.
  expect(world.homes()['a']).toBe(2);
});

it('gives a session a runner of its own after its second death, and never opens it in the old one', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await crashTwice(world, 'a');
  const before = opens(world).length;
  world.fleet.start(0);
  await untilAllConnected(world);
  expect(world.homes()).toEqual({ a: FIRST_PLACE, b: 0 });
  expect(
    opens(world)
      .slice(before)
      .map(([sessionId, slot]) => [sessionId, slot])
      .sort(),
  ).toEqual([
    ['a', FIRST_PLACE],
    ['b', 0],
  ]);
  expect(world.suspectOf('a')).toMatchObject({ isolated: true, deaths: [{}, {}] });
});

it('does not open it in the old runner either when the move fails, and moves it later', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  const usual = world.fleet.answer;
  let refusals = 2;
  world.fleet.answer = (call) => {
    if (call.method === 'session.adopt' && refusals-- > 0) throw new Error('The disk is full.');
    return usual(call);
  };
  const before = opens(world).length;
  await crashTwice(world, 'a');
  world.fleet.start(0);
  await untilAllConnected(world);
  expect(refusals).toBeLessThan(0);
  expect(world.homes()['a']).toBe(FIRST_PLACE);
  // Once between the two crashes.
  expect(
    opens(world)
      .slice(before)
      .filter(([sessionId, slot]) => sessionId === 'a' && slot === 0),
  ).toHaveLength(1);
});

it('gives a session up when its own runner dies, too, whatever was under way; its place becomes free', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await crashTwice(world, 'a');
  world.fleet.start(0);
  await untilAllConnected(world);
  await world.crash(FIRST_PLACE, { a: [] });
  expect(world.sessions.get('a')).toMatchObject({ state: 'error', reason: 'crash_loop', desired: 'disconnected' });
  expect(world.suspectOf('a')).toMatchObject({ isolated: true, deaths: [{}, {}, { operation: 'idle', slot: FIRST_PLACE }] });
  expect(world.fleet.kept.has(FIRST_PLACE)).toBe(false);
  await world.pass(0);
  expect(world.homes()).toEqual({ a: 0, b: 0 });
  expect(world.sessions.get('a')).toMatchObject({ state: 'error', reason: 'crash_loop' });
});

it('shows a session that was shown as failing already with the new reason', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await crashTwice(world, 'a');
  world.fleet.start(0);
  await untilAllConnected(world);
  world.tell('a', { type: 'closed', outcome: 'still_failing', reason: 'bad_session' });
  expect(world.sessions.get('a').state).toBe('error');
  await world.crash(FIRST_PLACE, { a: ['connect'] });
  expect(world.sessions.get('a')).toMatchObject({ state: 'error', reason: 'crash_loop' });
});

it('opens a session that was given up alone when a connect asks for it, and gives it up at once when that crashes', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await crashTwice(world, 'a');
  world.fleet.start(0);
  await untilAllConnected(world);
  await world.crash(FIRST_PLACE, { a: ['connect'] });
  await world.pass(30);
  expect(world.homes()['a']).toBe(0);
  const before = opens(world).length;
  expect((await world.sessions.connect('a')).state).toBe('connected');
  expect(
    opens(world)
      .slice(before)
      .map(([sessionId, slot]) => [sessionId, slot]),
  ).toEqual([['a', FIRST_PLACE]]);
  await world.crash(FIRST_PLACE, { a: ['decrypt'] });
  expect(world.sessions.get('a')).toMatchObject({ state: 'error', reason: 'crash_loop' });
});

it('clears a session that was connected alone for long enough, and brings it back to the others', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await crashTwice(world, 'a');
  world.fleet.start(0);
  await untilAllConnected(world);
  await world.pass(SUSPECT_LIMITS.clearAfterMs / 60_000 - 1);
  expect(world.homes()['a']).toBe(FIRST_PLACE);
  await world.pass(1.1);
  await untilAllConnected(world);
  expect(world.homes()).toEqual({ a: 0, b: 0 });
  expect(world.suspectOf('a')).toBeUndefined();
});

it('forgets a single death after a while', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await world.crash(0, { a: ['send'] });
  await world.pass(9);
  expect(world.suspectOf('a')).toBeDefined();
  await world.pass(2);
  expect(world.suspectOf('a')).toBeUndefined();
});

it('gives up at once what finds no place of its own, and says so to whoever asks for a connect', async () => {
  const world = await setUp(undefined, 4);
  await connected(world, 'a', 'b', 'c', 'd');
  // Two shared slots, so the places are 2 to 5.
  for (const slot of [2, 3, 4, 5]) world.sessions.rooms.reserve(`somebody ${slot}`, slot);
  await crashTwice(world, 'a');
  await eventually(() => {
    expect(world.sessions.get('a')).toMatchObject({ state: 'error', reason: 'crash_loop' });
  });
  await expect(world.sessions.connect('a')).rejects.toMatchObject({ code: 'AT_CAPACITY' });
  expect(world.sessions.get('a')).toMatchObject({ state: 'error', reason: 'crash_loop' });
});

it('lets nobody else into a place for one session, and nobody out of it by hand', async () => {
  const world = await setUp();
  const { sessions, registry, fleet } = world;
  await connected(world, 'a', 'b', 'c');
  await crashTwice(world, 'a');
  world.fleet.start(0);
  await untilAllConnected(world);
  await expect(sessions.move('a', 1)).rejects.toMatchObject({ code: 'SESSION_ISOLATED' });
  await expect(sessions.move('a')).rejects.toMatchObject({ code: 'SESSION_ISOLATED' });
  await expect(sessions.move('b', FIRST_PLACE)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  await expect(sessions.move('b', FIRST_PLACE + 1)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  const recycling = new Recycling({ registry, fleet, rooms: sessions.rooms, handOver: sessions.handOver, log: silent });
  expect(() => recycling.begin(FIRST_PLACE)).toThrow(expect.objectContaining({ code: 'INVALID_REQUEST' }) as Error);
  await recycling.rescue(FIRST_PLACE);
  expect(world.homes()).toEqual({ a: FIRST_PLACE, b: 0, c: 1 });
  // Even when all shared slots are shut, a new one goes elsewhere.
  sessions.rooms.shut([0, 1, 2]);
  await create(world, 'new');
  await sessions.connect('new');
  expect(world.homes()['new']).toBe(FIRST_PLACE + 4);
});

it('stays isolated over a restart of the supervisor, and opens the session in its place', async () => {
  const first = await setUp();
  await connected(first, 'a', 'b');
  await crashTwice(first, 'a');
  first.fleet.start(0);
  await untilAllConnected(first);
  first.sessions.stop();
  const second = await setUp(first.store);
  answerOpensWith(second, OPEN, CAUGHT_UP);
  await second.sessions.resume();
  await untilAllConnected(second);
  expect(
    opens(second)
      .map(([sessionId, slot]) => [sessionId, slot])
      .sort(),
  ).toEqual([
    ['a', FIRST_PLACE],
    ['b', 0],
  ]);
});

it('gives a session its own runner before it opens it, when a restore put it among others', async () => {
  const first = await setUp();
  await connected(first, 'a', 'b');
  const { slot, suspect } = { slot: 0, suspect: { deaths: [], isolated: true } };
  await first.registry.update('a', { slot, suspect });
  first.sessions.stop();
  const second = await setUp(first.store);
  answerOpensWith(second, OPEN, CAUGHT_UP);
  await second.sessions.resume();
  await untilAllConnected(second);
  expect(opens(second).filter(([sessionId]) => sessionId === 'a')).toMatchObject([['a', FIRST_PLACE, 3, false]]);
});

it('does not hold the end of a runner against a session that is being deleted or lives elsewhere by now', async () => {
  const world = await setUp();
  await connected(world, 'a', 'b');
  await world.sessions.move('a', 1);
  await world.crash(0, { a: ['connect'] });
  expect(world.suspectOf('a')).toBeUndefined();
});
