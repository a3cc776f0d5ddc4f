import { expect, it, onTestFinished, vi } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import type { SessionFact } from '../../../shared/ipc/protocol.js';
import type { Store } from '../../../shared/store/store.js';
import { ConnectThrottle } from '../../../supervisor/placement/connect-throttle.js';
import { PlacedSessions, type PlacedSessionsOptions } from '../../../supervisor/placement/placed-sessions.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';
import { MemoryFleet, type FleetCall } from './memory-fleet.js';

const ME = '15550000001:3@s.whatsapp.net';
const QR: SessionFact = { type: 'qr', qr: 'Sesame', attempt: 1, expiresAt: Date.now() + 600_000 };
const OPEN: SessionFact = { type: 'open', jid: ME, lid: '99900000001@lid', pushName: 'Shop' };

interface Setting {
  store: Store;
  registry: Registry;
  fleet: MemoryFleet;
  sessions: PlacedSessions;
  /** What the runner of the session says now, under its present epoch. */
  tell: (sessionId: string, fact: SessionFact) => void;
}

const start = async (given?: Store, options: Partial<PlacedSessionsOptions> = {}): Promise<Setting> => {
  const store = given ?? closing(await openSupervisorStore(tempFolder()));
  const registry = new Registry(store, silent);
  const fleet = new MemoryFleet();
  const sessions = new PlacedSessions({
    registry,
    store,
    fleet,
    throttle: new ConnectThrottle({ ratePerSecond: 10_000 }),
    log: silent,
    maxSessions: 10,
    maxSessionsPerRunner: 2,
    retryMs: 20,
    ...options,
  });
  fleet.on({
    ready: (slot) => {
      sessions.onRunnerReady(slot);
    },
    exited: (slot) => {
      sessions.onRunnerExited(slot);
    },
  });
  onTestFinished(async () => {
    sessions.stop();
    await store.settled();
  });
  const tell = (sessionId: string, fact: SessionFact): void => {
    sessions.onFact(sessionId, registry.find(sessionId)?.epoch ?? -1, fact);
  };
  return { store, registry, fleet, sessions, tell };
};

/** Runners that answer every open with these facts. */
const answerOpensWith = ({ fleet, sessions }: Setting, ...facts: SessionFact[]): void => {
  fleet.answer = (call) => {
    if (call.method === 'session.open') for (const fact of facts) sessions.onFact(call.params.sessionId, call.params.epoch, fact);
    return undefined;
  };
};
const create = async ({ sessions }: Setting, ...sessionIds: string[]): Promise<void> => {
  for (const sessionId of sessionIds) await sessions.create({ sessionId });
};
const connected = async (setting: Setting, ...sessionIds: string[]): Promise<void> => {
  await create(setting, ...sessionIds);
  answerOpensWith(setting, { type: 'connecting' }, OPEN);
  for (const sessionId of sessionIds) expect((await setting.sessions.connect(sessionId)).state).toBe('connected');
};
const opens = ({ fleet }: Setting): [sessionId: string, slot: number, epoch: number, pairing: boolean][] =>
  fleet.of('session.open').map(({ slot, params }) => [params.sessionId, slot, params.epoch, params.pairing]);
const failOnce = (method: FleetCall['method'], setting: Setting): void => {
  let failures = 1;
  const before = setting.fleet.answer;
  setting.fleet.answer = (call) => {
    if (call.method === method && failures-- > 0) throw new AppError('BUSY', 'Busy.');
    return before(call);
  };
};
const eventually = async (check: () => void): Promise<void> => vi.waitFor(check, 5_000);
const states = ({ registry }: Setting): string[] => registry.rows().map(({ sessionId, state }) => `${sessionId} ${state}`);

it('places sessions in the lowest slot with room, and starts and keeps its runner', async () => {
  const setting = await start();
  await create(setting, 'a', 'b', 'c', 'd', 'e');
  answerOpensWith(setting, QR);
  for (const sessionId of ['c', 'a', 'e', 'b']) await setting.sessions.connect(sessionId);
  expect(opens(setting).map(([sessionId, slot]) => [sessionId, slot])).toEqual([
    ['c', 0],
    ['a', 0],
    ['e', 1],
    ['b', 1],
  ]);
  expect(setting.fleet.views().map(({ slot }) => slot)).toEqual([0, 1]);
  expect([...setting.fleet.kept]).toEqual([0, 1]);
  await setting.sessions.delete('a');
  await setting.sessions.connect('d');
  expect(opens(setting).at(-1)).toEqual(['d', 0, 1, true]);
});

it('never fills a slot above its room when many connect at once', async () => {
  const setting = await start();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await create(setting, ...ids);
  answerOpensWith(setting, QR);
  await Promise.all(ids.map(async (sessionId) => setting.sessions.connect(sessionId)));
  const perSlot = [0, 1, 2].map((slot) => setting.registry.rows().filter((row) => row.slot === slot).length);
  expect(perSlot).toEqual([2, 2, 1]);
});

it('keeps the slot of a session, whose store holds its credentials', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b', 'c');
  await setting.sessions.disconnect('c');
  await setting.sessions.disconnect('a');
  await setting.sessions.connect('c');
  expect(opens(setting).at(-1)).toEqual(['c', 1, 2, false]);
});

it('shows a QR as the answer to a first connect', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, { type: 'connecting' }, QR);
  expect(await setting.sessions.connect('a')).toMatchObject({
    state: 'qr_required',
    status: 'qr_required',
    qr: { value: 'Sesame' },
    desired: 'connected',
  });
  expect(opens(setting)).toEqual([['a', 0, 1, true]]);
});

it('follows a pairing from the QR over the restart to the open connection', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  await setting.sessions.connect('a');
  setting.tell('a', { type: 'paired', jid: ME });
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'restart_required' });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connecting', status: 'disconnected', phoneNumber: '+15550000001' });
  setting.tell('a', { type: 'connecting' });
  setting.tell('a', OPEN);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connected', pushName: 'Shop', lid: '99900000001@lid' });
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'transient' });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'reconnecting', reason: 'transient' });
  setting.tell('a', { type: 'open', jid: ME });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connected', pushName: 'Shop', lid: '99900000001@lid' });
});

it.each<[Extract<SessionFact, { type: 'closed' }>, Partial<SessionRow>]>([
  [
    { type: 'closed', outcome: 'stop', reason: 'replaced' },
    { state: 'disconnected', reason: 'replaced', desired: 'disconnected', paired: true },
  ],
  [
    { type: 'closed', outcome: 'fail', reason: 'forbidden' },
    { state: 'error', reason: 'forbidden', desired: 'disconnected', paired: true },
  ],
  [
    { type: 'closed', outcome: 'logout', reason: 'logged_out' },
    { state: 'logged_out', desired: 'disconnected', paired: false, everConnected: false, jid: undefined, lid: undefined },
  ],
  [
    { type: 'closed', outcome: 'still_failing', reason: 'bad_session' },
    { state: 'error', reason: 'bad_session', desired: 'connected', paired: true },
  ],
])('takes %j for what it means', async (fact, expected) => {
  const setting = await start();
  await connected(setting, 'a');
  setting.tell('a', fact);
  expect(setting.registry.get('a')).toMatchObject(expected);
});

it('shows a session as connected again that was still retried while shown as error', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.tell('a', { type: 'closed', outcome: 'still_failing', reason: 'bad_session' });
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'transient' });
  expect(setting.sessions.get('a').state).toBe('error');
  setting.tell('a', OPEN);
  expect(setting.sessions.get('a').state).toBe('connected');
});

it('ignores facts of an earlier owner, and of sessions that are gone', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const { epoch } = setting.registry.get('a');
  for (const wrong of [epoch - 1, epoch + 1])
    setting.sessions.onFact('a', wrong, { type: 'closed', outcome: 'logout', reason: 'logged_out' });
  setting.sessions.onFact('nobody', 0, OPEN);
  expect(states(setting)).toEqual(['a connected']);
});

it('does not take a late word of a disconnected session for a new connect', async () => {
  const setting = await start();
  await connected(setting, 'a');
  await setting.sessions.disconnect('a');
  for (const fact of [{ type: 'connecting' }, QR, OPEN, { type: 'closed', outcome: 'retry', reason: 'transient' }] as const)
    setting.tell('a', fact);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'disconnected', reason: 'disconnect_requested', desired: 'disconnected' });
});

it('opens a session once for connects at the same time', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  const views = await Promise.all(Array.from({ length: 5 }, async () => setting.sessions.connect('a')));
  expect(opens(setting)).toHaveLength(1);
  for (const view of views) expect(view.state).toBe('qr_required');
});

it('does nothing for a connect of a connected session', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const { seq } = setting.sessions.get('a');
  expect(await setting.sessions.connect('a')).toMatchObject({ state: 'connected', seq });
  expect(opens(setting)).toHaveLength(1);
});

it('says so when a running runner did not take an open, and tries again a while later', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  failOnce('session.open', setting);
  await expect(setting.sessions.connect('a')).rejects.toMatchObject({ code: 'BUSY' });
  await vi.waitFor(() => {
    expect(setting.sessions.get('a').state).toBe('qr_required');
  });
  expect(opens(setting)).toEqual([
    ['a', 0, 1, true],
    ['a', 0, 2, true],
  ]);
});

it('shows sessions of a dead runner as on their way, and opens those that are wanted with a higher epoch once it is back', async () => {
  const setting = await start(undefined, { maxSessionsPerRunner: 5 });
  await connected(setting, 'open', 'left');
  await setting.sessions.disconnect('left');
  await create(setting, 'scanning', 'unplaced');
  answerOpensWith(setting, QR);
  await setting.sessions.connect('scanning');
  await new Promise((resolve) => setImmediate(resolve));
  const before = opens(setting).length;
  answerOpensWith(setting);
  setting.fleet.exit(0);
  expect(states(setting)).toEqual(['open reconnecting', 'left disconnected', 'scanning connecting', 'unplaced disconnected']);
  expect(setting.registry.get('open').reason).toBe('runner_lost');
  setting.fleet.start(0);
  await eventually(() => {
    expect(opens(setting).slice(before)).toEqual([
      ['open', 0, 2, false],
      ['scanning', 0, 2, true],
    ]);
  });
  setting.sessions.onFact('open', 1, OPEN);
  expect(setting.registry.get('open').state).toBe('reconnecting');
  setting.sessions.onFact('open', 2, OPEN);
  expect(setting.registry.get('open').state).toBe('connected');
});

it('leaves sessions of other runners alone', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b', 'c');
  setting.fleet.exit(1);
  expect(states(setting)).toEqual(['a connected', 'b connected', 'c reconnecting']);
});

it('shows a session as disconnected when its runner died while it was being disconnected', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.fleet.answer = async (call) => {
    if (call.method !== 'session.close') return undefined;
    setting.fleet.exit(0);
    return Promise.reject(new AppError('RUNNER_UNAVAILABLE', 'The runner ended.'));
  };
  await setting.sessions.disconnect('a').catch(() => undefined);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'disconnected', desired: 'disconnected' });
});

it('disconnects a session whose runner does not run, without starting it', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.fleet.exit(0);
  expect(await setting.sessions.disconnect('a')).toMatchObject({ state: 'disconnected', reason: 'disconnect_requested' });
  expect(setting.fleet.views()).toEqual([]);
  expect(setting.fleet.of('session.close')).toEqual([]);
});

it('closes and opens again for a restart', async () => {
  const setting = await start();
  await connected(setting, 'a');
  expect((await setting.sessions.restart('a')).state).toBe('connected');
  expect(setting.fleet.calls.map(({ method }) => method)).toEqual(['session.open', 'session.close', 'session.open']);
});

it('logs out: tells the runner, forgets the pairing, and pairs anew with the next connect', async () => {
  const setting = await start();
  await connected(setting, 'a');
  expect(await setting.sessions.logout('a')).toMatchObject({ state: 'logged_out', phoneNumber: undefined, desired: 'disconnected' });
  expect(setting.fleet.of('session.logout')).toHaveLength(1);
  answerOpensWith(setting, QR);
  expect((await setting.sessions.connect('a')).state).toBe('qr_required');
  expect(opens(setting).at(-1)).toEqual(['a', 0, 2, true]);
});

it('logs out a session that was never placed without any runner', async () => {
  const setting = await start();
  await create(setting, 'a');
  expect((await setting.sessions.logout('a')).state).toBe('logged_out');
  expect(setting.fleet.calls).toEqual([]);
});

it('asks the runner that shows the QR for a pairing code', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  expect(await setting.sessions.pairingCode('a', '15550000001')).toEqual({ code: 'ABCD1234', expiresAt: 5 });
  expect(setting.fleet.of('session.pairingCode')).toMatchObject([{ slot: 0, params: { sessionId: 'a', phoneNumber: '15550000001' } }]);
});

it('gives no pairing code to a paired session, or when no pairing is offered', async () => {
  const setting = await start();
  await connected(setting, 'a');
  await expect(setting.sessions.pairingCode('a', '1')).rejects.toMatchObject({ code: 'SESSION_ALREADY_PAIRED' });
  await create(setting, 'b');
  answerOpensWith(setting, { type: 'closed', outcome: 'fail', reason: 'client_outdated' });
  await expect(setting.sessions.pairingCode('b', '1')).rejects.toMatchObject({ code: 'QR_NOT_AVAILABLE' });
});

it('gives one of two creates at the same time the session, and the other a refusal', async () => {
  const setting = await start();
  const outcomes = await Promise.allSettled([1, 2].map(async () => setting.sessions.create({ sessionId: 'a', userId: 'u' })));
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.sessionId : (outcome.reason as AppError).code))).toEqual(
    ['a', 'SESSION_ALREADY_EXISTS'],
  );
  expect(setting.sessions.list()).toHaveLength(1);
});

it('takes no more sessions than it may, even when they are created at once', async () => {
  const setting = await start(undefined, { maxSessions: 3 });
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(async (sessionId) => setting.sessions.create({ sessionId })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'AT_CAPACITY', retryAfterSeconds: 60 });
  await expect(setting.sessions.create({ sessionId: 'a' })).rejects.toMatchObject({ code: 'SESSION_ALREADY_EXISTS' });
  await setting.sessions.delete('a');
  await setting.sessions.create({ sessionId: 'd' });
});

it('knows no session it was not given', async () => {
  const { sessions } = await start();
  const uses = [
    async () => sessions.connect('x'),
    async () => sessions.disconnect('x'),
    async () => sessions.restart('x'),
    async () => sessions.logout('x'),
    async () => sessions.delete('x'),
    async () => sessions.pairingCode('x', '1'),
  ];
  for (const use of uses) await expect(use()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(() => sessions.get('x')).toThrow(AppError);
});

it('deletes every row of a session and of no other', async () => {
  const setting = await start();
  await connected(setting, 'user1', 'user10');
  const tables = [TABLES.messages, TABLES.messageIndex, TABLES.messageCounts, TABLES.intents, TABLES.idempotency];
  for (const table of tables)
    await setting.store.commit(['user1', 'user10'].map((sessionId) => ({ table, key: [sessionId, 'k'], value: { sessionId } })));
  await setting.sessions.delete('user1');
  expect(setting.fleet.of('session.erase')).toMatchObject([{ params: { sessionId: 'user1' } }]);
  for (const table of [...tables, TABLES.sessions]) expect(rowsIn(setting.store, table).map(([key]) => key[0])).toEqual(['user10']);
  await expect(setting.sessions.delete('user1')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

it('finishes a delete by itself that a failing runner interrupted, and shows none of it meanwhile', async () => {
  const setting = await start();
  await connected(setting, 'a');
  failOnce('session.erase', setting);
  await expect(setting.sessions.delete('a')).rejects.toMatchObject({ code: 'BUSY' });
  expect(setting.sessions.list()).toEqual([]);
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'transient' });
  await eventually(() => {
    expect(setting.registry.find('a')).toBeUndefined();
  });
  expect(rowsIn(setting.store, TABLES.sessions)).toEqual([]);
  expect(setting.fleet.of('session.erase')).toHaveLength(2);
});

it('finishes a delete that was begun when it is asked for again', async () => {
  const setting = await start(undefined, { retryMs: 60_000 });
  await connected(setting, 'a');
  failOnce('session.erase', setting);
  await expect(setting.sessions.delete('a')).rejects.toMatchObject({ code: 'BUSY' });
  await setting.sessions.delete('a');
  expect(setting.registry.find('a')).toBeUndefined();
});

it('finishes a delete that a crash interrupted', async () => {
  const first = await start(undefined, { retryMs: 60_000 });
  await connected(first, 'a', 'b');
  failOnce('session.erase', first);
  await first.sessions.delete('a').catch(() => undefined);
  first.sessions.stop();
  const second = await start(first.store);
  await second.sessions.resume();
  await eventually(() => {
    expect(second.registry.find('a')).toBeUndefined();
  });
  expect(second.fleet.of('session.erase')).toMatchObject([{ params: { sessionId: 'a' } }]);
  expect(rowsIn(second.store, TABLES.sessions).map(([key]) => key[0])).toEqual(['b']);
});

it('does one thing at a time with a session', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const order: string[] = [];
  setting.fleet.answer = async (call) => {
    order.push(`${call.method} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${call.method} ends`);
    return undefined;
  };
  await Promise.allSettled([setting.sessions.disconnect('a'), setting.sessions.logout('a'), setting.sessions.delete('a')]);
  expect(order).toEqual(['close', 'logout', 'erase'].flatMap((method) => [`session.${method} begins`, `session.${method} ends`]));
});

it('gives up an open that waits when the session is disconnected meanwhile', async () => {
  const throttle = new ConnectThrottle({ ratePerSecond: 5 });
  const setting = await start(undefined, { throttle });
  await create(setting, 'a', 'b');
  answerOpensWith(setting, QR);
  void throttle.turn('user');
  const connecting = setting.sessions.connect('a');
  await eventually(() => {
    expect(setting.registry.get('a').state).toBe('connecting');
  });
  await setting.sessions.disconnect('a');
  expect((await connecting).state).toBe('disconnected');
  await setting.sessions.connect('b');
  expect(opens(setting).map(([sessionId]) => sessionId)).toEqual(['b']);
});

const row = (sessionId: string, changes: Partial<SessionRow>): SessionRow => ({
  sessionId,
  userId: undefined,
  sessionName: undefined,
  desired: 'connected',
  state: 'connected',
  reason: 'opened',
  seq: 5,
  since: 1,
  createdAt: 1,
  lastActivity: 1,
  slot: 0,
  epoch: 7,
  paired: true,
  everConnected: true,
  jid: ME,
  lid: undefined,
  pushName: undefined,
  deleting: false,
  ...changes,
});

it.each<[string, Partial<SessionRow>, Partial<SessionRow>, opened: boolean]>([
  ['connected', {}, { state: 'reconnecting', reason: 'resumed' }, true],
  ['reconnecting', { state: 'reconnecting' }, { state: 'reconnecting' }, true],
  ['paired and not yet open', { state: 'connecting', everConnected: false }, { state: 'connecting' }, true],
  ['paired by a QR and not yet open', { state: 'qr_required', everConnected: false }, { state: 'connecting', reason: 'resumed' }, true],
  ['shown as error and still retried', { state: 'error', reason: 'bad_session' }, { state: 'error' }, true],
  [
    'waiting for a scan',
    { state: 'qr_required', paired: false, everConnected: false },
    { state: 'disconnected', reason: 'qr_expired', desired: 'disconnected' },
    false,
  ],
  [
    'connecting for the first time',
    { state: 'connecting', paired: false, everConnected: false },
    { state: 'disconnected', desired: 'disconnected' },
    false,
  ],
  ['disconnected', { state: 'disconnected', desired: 'disconnected' }, { state: 'disconnected', seq: 5 }, false],
  ['logged out', { state: 'logged_out', desired: 'disconnected', paired: false }, { state: 'logged_out', seq: 5 }, false],
  [
    'failed for good',
    { state: 'error', reason: 'forbidden', desired: 'disconnected' },
    { state: 'error', reason: 'forbidden', seq: 5 },
    false,
  ],
  [
    'about to be disconnected',
    { state: 'connected', desired: 'disconnected' },
    { state: 'disconnected', reason: 'disconnect_requested' },
    false,
  ],
])('after a restart, a session that was %s', async (_name, before, after, opened) => {
  const store = closing(await openSupervisorStore(tempFolder()));
  await store.commit([{ table: TABLES.sessions, key: ['a'], value: row('a', before) }]);
  const setting = await start(store);
  await setting.sessions.resume();
  expect(setting.registry.get('a')).toMatchObject(after);
  await eventually(() => {
    expect(opens(setting)).toEqual(opened ? [['a', 0, 8, false]] : []);
  });
  expect(setting.sessions.away).toBe(opened ? 1 : 0);
});

it('resumes every session in its own slot', async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  await store.commit(
    ['a', 'b', 'c'].map((sessionId, n) => ({ table: TABLES.sessions, key: [sessionId], value: row(sessionId, { slot: 2 - n, epoch: n }) })),
  );
  const setting = await start(store);
  answerOpensWith(setting, OPEN);
  await setting.sessions.resume();
  await eventually(() => {
    expect(setting.sessions.away).toBe(0);
  });
  expect(opens(setting).sort()).toEqual([
    ['a', 2, 1, false],
    ['b', 1, 2, false],
    ['c', 0, 3, false],
  ]);
});

it('has the higher epoch on disk before the runner hears of it', async () => {
  const setting = await start();
  await create(setting, 'a');
  const onDisk: unknown[] = [];
  setting.fleet.answer = (call) => {
    if (call.method !== 'session.open') return undefined;
    const [stored] = [...setting.store.range<SessionRow>(TABLES.sessions)];
    onDisk.push([stored?.value.epoch, call.params.epoch, stored?.value.slot]);
    setting.sessions.onFact('a', call.params.epoch, OPEN);
    return undefined;
  };
  await setting.sessions.connect('a');
  await setting.sessions.restart('a');
  expect(onDisk).toEqual([
    [1, 1, 0],
    [2, 2, 0],
  ]);
});

it('connects nothing any more once it stops, and takes no runner for lost', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.sessions.stop();
  setting.fleet.exit(0);
  expect(states(setting)).toEqual(['a connected']);
  setting.fleet.start(0);
  await new Promise((resolve) => setImmediate(resolve));
  await setting.store.settled();
  expect(opens(setting)).toHaveLength(1);
});
