import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import type { FleetCall } from './memory-fleet.js';
import { answerOpensWith, connected, create, eventually, NOTHING, OPEN, opens, start } from './placed-sessions-setting.js';

/** What becomes of a call: the runner may die, or the answer may be lost, before or after it did what it was asked. */
const FATES = ['done', 'done', 'done', 'refused', 'answer lost', 'dies before', 'dies after'] as const;
type Fate = (typeof FATES)[number];
type Setting = Awaited<ReturnType<typeof start>>;

/** Stores and sockets of runners that take calls, and what must never be seen. */
class World {
  /** By slot and session, the number of the newest write. */
  readonly rows = new Map<number, Map<string, number>>();
  readonly sockets = new Map<string, Set<number>>();
  readonly broken: string[] = [];
  /** The newest write of all, by session. */
  readonly newest = new Map<string, number>();

  rowsOf(slot: number): Map<string, number> {
    const rows = this.rows.get(slot) ?? new Map<string, number>();
    this.rows.set(slot, rows);
    return rows;
  }

  does({ slot, method, params }: FleetCall): void {
    if (!('sessionId' in params)) return;
    const { sessionId } = params;
    const sockets = this.sockets.get(sessionId) ?? new Set<number>();
    this.sockets.set(sessionId, sockets);
    const write = (): void => {
      this.newest.set(sessionId, (this.newest.get(sessionId) ?? 0) + 1);
      this.rowsOf(slot).set(sessionId, this.newest.get(sessionId) ?? 0);
    };
    if (method === 'session.open') {
      if ([...sockets].some((other) => other !== slot)) this.broken.push(`${sessionId} opened in ${slot} beside ${[...sockets].join()}`);
      if ((this.rowsOf(slot).get(sessionId) ?? 0) !== (this.newest.get(sessionId) ?? 0))
        this.broken.push(`${sessionId} opened with old rows`);
      sockets.add(slot);
      write();
    } else if (method === 'session.close') {
      if (sockets.delete(slot)) write();
    } else if (method === 'session.adopt') {
      if (sockets.size > 0) this.broken.push(`${sessionId} copied while it is open`);
      const found = this.rowsOf(Number('copy' in params ? params.copy : -1)).get(sessionId);
      if (found !== undefined) this.rowsOf(slot).set(sessionId, found);
    } else if (method === 'session.forget') {
      if (sockets.has(slot)) throw new AppError('INTERNAL', 'It is held.');
      this.rowsOf(slot).delete(sessionId);
    }
  }

  died(slot: number): void {
    for (const sockets of this.sockets.values()) sockets.delete(slot);
  }
}

const live = (setting: Setting, world: World, nextFate: () => Fate): void => {
  const { fleet, sessions } = setting;
  fleet.on({
    exited: (slot) => {
      world.died(slot);
    },
  });
  const die = (slot: number): never => {
    fleet.exit(slot);
    setImmediate(() => {
      fleet.start(slot);
    });
    throw new AppError('RUNNER_UNAVAILABLE', 'The runner ended.');
  };
  fleet.answer = (call) => {
    const fate = nextFate();
    if (fate === 'refused') throw new AppError('BUSY', 'Busy.');
    if (fate === 'dies before') die(call.slot);
    world.does(call);
    if (call.method === 'session.open') sessions.onFact(call.params.sessionId, call.params.epoch, OPEN);
    if (fate === 'dies after') die(call.slot);
    if (fate === 'answer lost') throw new AppError('DEADLINE_EXCEEDED', 'The answer took too long.');
    return undefined;
  };
};

it('has one socket and one home with the newest rows at any time, whatever fails at whatever step, and ends connected', async () => {
  const run = fc.asyncProperty(
    fc.array(fc.constantFrom(...FATES), { minLength: 1, maxLength: 30 }),
    fc.array(fc.record({ session: fc.constantFrom('a', 'b'), slot: fc.constantFrom(0, 1, 2) }), { minLength: 1, maxLength: 5 }),
    async (fates, moves) => {
      const contents: typeof NOTHING = { ...NOTHING, withCopy: async (slot, _sessionId, use) => use(String(slot)) };
      const setting = await start(undefined, { retryMs: 1, maxSessions: 4, contents });
      const world = new World();
      const left = [...fates];
      let failing = false;
      live(setting, world, () => (failing ? (left.shift() ?? 'done') : 'done'));
      await create(setting, 'a', 'b');
      for (const id of ['a', 'b']) await setting.sessions.connect(id);
      failing = true;
      await Promise.all(moves.map(async ({ session, slot }) => setting.sessions.handOver.move(session, slot).catch(() => undefined)));
      failing = false;
      await eventually(() => {
        for (const id of ['a', 'b']) {
          const { slot, state } = setting.registry.get(id);
          expect(state).toBe('connected');
          expect([...(world.sockets.get(id) ?? [])]).toEqual([slot]);
          expect(world.rowsOf(slot ?? -1).get(id)).toBe(world.newest.get(id));
        }
      });
      expect(world.broken).toEqual([]);
      setting.sessions.stop();
      await setting.store.settled();
    },
  );
  await fc.assert(run, { numRuns: 80 });
});

it('closes, copies, changes the home, opens, tells the object store, and only then removes the old rows', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.fleet.calls.length = 0;
  const view = await setting.sessions.move('a', 1);
  expect(view).toMatchObject({ state: 'connected', slot: 1 });
  expect(setting.fleet.calls.map(({ slot, method }) => [slot, method])).toEqual([
    [0, 'session.close'],
    [1, 'session.adopt'],
    [1, 'session.open'],
    [1, 'session.settle'],
    [0, 'session.forget'],
  ]);
});

it('shows a session on its way as reconnecting because it is moved', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const seen: string[] = [];
  setting.registry.onChange(({ state, reason }) => seen.push(`${state} ${reason}`));
  await setting.sessions.move('a', 1);
  expect(seen).toEqual(['reconnecting moved', 'connected opened']);
});

it('ignores what the old runner still says', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const { epoch } = setting.registry.get('a');
  await setting.sessions.move('a', 1);
  setting.sessions.onFact('a', epoch, { type: 'closed', outcome: 'logout', reason: 'logged_out' });
  expect(setting.registry.get('a')).toMatchObject({ state: 'connected', slot: 1 });
});

it('chooses a slot itself: one in use with room, else the lowest empty one', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b', 'c');
  expect(await setting.sessions.move('a')).toMatchObject({ slot: 1 });
  expect(await setting.sessions.move('c')).toMatchObject({ slot: 0 });
});

it('refuses a slot that is not there and one that is full, and changes nothing then', async () => {
  const setting = await start(undefined, { maxSessions: 4 });
  await connected(setting, 'a', 'b', 'c', 'd');
  await expect(setting.sessions.move('a', 3)).rejects.toMatchObject({ code: 'INVALID_REQUEST' });
  await expect(setting.sessions.move('a', 1)).rejects.toMatchObject({ code: 'AT_CAPACITY' });
  await expect(setting.sessions.move('nobody')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(setting.registry.get('a')).toMatchObject({ state: 'connected', slot: 0 });
});

it('leaves a session alone that lives there or nowhere', async () => {
  const setting = await start();
  await connected(setting, 'a');
  await create(setting, 'new');
  const before = setting.fleet.calls.length;
  expect(await setting.sessions.move('a', 0)).toMatchObject({ slot: 0, state: 'connected' });
  expect(await setting.sessions.move('new', 1)).toMatchObject({ slot: undefined, state: 'disconnected' });
  expect(setting.fleet.calls).toHaveLength(before);
});

it('moves a session that is not connected without opening it', async () => {
  const setting = await start();
  await connected(setting, 'a');
  await setting.sessions.disconnect('a');
  const before = opens(setting).length;
  expect(await setting.sessions.move('a', 1)).toMatchObject({ slot: 1, state: 'disconnected', reason: 'disconnect_requested' });
  expect(opens(setting)).toHaveLength(before);
});

it('never fills a slot above its room when many move there at once', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b', 'c', 'd');
  const moves = await Promise.allSettled(['a', 'b', 'c', 'd'].map(async (id) => setting.sessions.move(id, 2)));
  expect(moves.filter(({ status }) => status === 'fulfilled')).toHaveLength(2);
  expect(setting.registry.rows().filter(({ slot }) => slot === 2)).toHaveLength(2);
});

it('does not touch a session whose new runner cannot start', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.fleet.unavailable = new AppError('RUNNER_UNAVAILABLE', 'It cannot start.');
  await expect(setting.sessions.move('a', 1)).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
  expect(setting.registry.get('a')).toMatchObject({ state: 'connected', slot: 0 });
  expect(setting.fleet.of('session.close')).toEqual([]);
});

it('removes what moves that were interrupted left, when the runner of that slot is ready again', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b');
  // The copy of the one is not removed where it came from, and that of the other is never used.
  setting.fleet.answer = ({ slot, method, params }) => {
    const refused = method === 'session.forget' ? slot === 0 : method === 'session.adopt' && params.sessionId === 'b';
    if (refused) throw new AppError('BUSY', 'Busy.');
    if (method === 'session.open') setting.sessions.onFact(params.sessionId, params.epoch, OPEN);
    return undefined;
  };
  await setting.sessions.move('a', 1);
  await expect(setting.sessions.move('b', 2)).rejects.toMatchObject({ code: 'BUSY' });
  answerOpensWith(setting, OPEN);
  for (const slot of [0, 2]) {
    setting.fleet.exit(slot);
    const before = setting.fleet.calls.length;
    setting.fleet.start(slot);
    await eventually(() => {
      const calls = setting.fleet.calls
        .slice(before)
        .map((call) => [call.slot, call.method, 'sessionId' in call.params && call.params.sessionId]);
      const [stray, home] = slot === 0 ? ['a', 1] : ['b', 0];
      expect(calls).toEqual(
        expect.arrayContaining([
          [home, 'session.settle', stray],
          [slot, 'session.forget', stray],
        ]),
      );
    });
  }
  expect(setting.registry.get('a')).toMatchObject({ state: 'connected', slot: 1 });
  expect(setting.registry.get('b')).toMatchObject({ state: 'connected', slot: 0 });
  // Once: nothing is left now.
  const forgets = setting.fleet.of('session.forget').length;
  setting.fleet.exit(0);
  setting.fleet.start(0);
  await eventually(() => {
    expect(setting.registry.get('b')).toMatchObject({ state: 'connected' });
  });
  expect(setting.fleet.of('session.forget')).toHaveLength(forgets);
});
