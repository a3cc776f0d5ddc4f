import { expect, it } from 'vitest';
import { openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { AppError } from '../../../shared/errors.js';
import { ConnectThrottle } from '../../../supervisor/placement/connect-throttle.js';
import { answerOpensWith, eventually, ME, OPEN, opens, start } from './placed-sessions-setting.js';

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
    'refused for the version the worker announced',
    { state: 'error', reason: 'client_outdated' },
    { state: 'connecting', reason: 'resumed' },
    true,
  ],
  [
    'refused for the version before it was paired',
    { state: 'error', reason: 'client_outdated', paired: false, everConnected: false },
    { state: 'disconnected', desired: 'disconnected' },
    false,
  ],
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

it('tells which sessions it resumes before the first of them is opened', async () => {
  const store = closing(await openSupervisorStore(tempFolder()));
  await store.commit(
    [row('a', {}), row('b', { desired: 'disconnected' }), row('c', { deleting: true }), row('d', { slot: 1 })].map((value) => ({
      table: TABLES.sessions,
      key: [value.sessionId],
      value,
    })),
  );
  const told: (readonly string[])[] = [];
  const setting = await start(store, {
    onResume: (sessionIds) => {
      told.push(sessionIds);
      expect(opens(setting)).toEqual([]);
    },
  });
  await setting.sessions.resume();
  expect(told).toEqual([['a', 'd']]);
  await eventually(() => {
    expect(opens(setting)).toHaveLength(2);
  });
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

it.each([
  ['at once', undefined],
  ['at the second try', new AppError('RUNNER_UNAVAILABLE', 'Not yet.')],
])('connects the sessions of a start at the rate alone, whatever is saved, with a runner that comes up %s', async (_, unavailable) => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await store.commit(ids.map((id) => ({ table: TABLES.sessions, key: [id], value: row(id, {}) })));
  const clock = { aheadMs: 0 };
  const begun: number[] = [];
  const now = (): number => performance.now() + clock.aheadMs;
  const throttle = new ConnectThrottle({
    ratePerSecond: 20,
    clock: now,
    gate: { notBefore: () => -Infinity, atOnce: () => Infinity, began: (_session, at) => begun.push(at) },
  });
  const setting = await start(store, { throttle, retryMs: 600_000 });
  clock.aheadMs = 60_000;
  setting.fleet.unavailable = unavailable;
  answerOpensWith(setting, OPEN);
  await setting.sessions.resume();
  if (unavailable) {
    // Every opening has failed by the next turn of the event loop.
    await new Promise((resolve) => setTimeout(resolve, 50));
    setting.fleet.unavailable = undefined;
    setting.fleet.start(0);
  }
  await eventually(() => {
    expect(begun).toHaveLength(ids.length);
  });
  for (const [n, at] of begun.entries()) expect(at - (begun[n - 1] ?? -Infinity)).toBeGreaterThan(1_000 / 20 - 1);
});
