import { expect, it, vi } from 'vitest';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { failingStore } from '../session-runner/runner-stores.js';
import { silent } from '../shared/logged.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const setUp = async (folder = tempFolder()) => {
  const store = closing(await openSupervisorStore(folder));
  return { store, registry: new Registry(store, silent) };
};
const NEW = { sessionId: 's', userId: 'u', sessionName: 'Shop' };
const ME = '15550000001:3@s.whatsapp.net';

it('begins a session as disconnected, and finds it again after a restart', async () => {
  const { store, registry } = await setUp();
  await registry.add(NEW);
  expect(registry.view('s')).toMatchObject({
    ...NEW,
    state: 'disconnected',
    status: 'disconnected',
    reason: 'created',
    seq: 1,
    desired: 'disconnected',
  });
  await registry.apply('s', 'connect', 'connect_requested', { desired: 'connected', slot: 3 });
  const again = new Registry(store, silent);
  expect(again.get('s')).toEqual(registry.get('s'));
  expect(again.size).toBe(1);
});

it('refuses a second session of one id', async () => {
  const { registry } = await setUp();
  const outcomes = await Promise.allSettled([registry.add(NEW), registry.add(NEW)]);
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  await expect(registry.add(NEW)).rejects.toMatchObject({ code: 'SESSION_ALREADY_EXISTS' });
});

it('does not know a session that could not be written', async () => {
  const store = failingStore(...Object.values(TABLES));
  const registry = new Registry(store, silent);
  store.failing = true;
  await expect(registry.add(NEW)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expect(registry.find('s')).toBeUndefined();
  store.failing = false;
  await registry.add(NEW);
});

it('numbers every change of state, commits it and tells of it', async () => {
  const { store, registry } = await setUp();
  await registry.add(NEW);
  const told: string[] = [];
  const stop = registry.onChange(({ state, seq }) => told.push(`${seq} ${state}`));
  await registry.apply('s', 'connect', 'connect_requested');
  await registry.apply('s', 'qr', 'qr_shown');
  await registry.apply('s', 'open', 'opened', { jid: ME });
  expect(told).toEqual(['2 connecting', '3 qr_required', '4 connected']);
  expect(rowsIn(store, TABLES.sessions)).toMatchObject([[['s'], { state: 'connected', reason: 'opened', seq: 4, jid: ME }]]);
  stop();
  await registry.apply('s', 'retry', 'transient');
  expect(told).toHaveLength(3);
});

it('tells of a change in the turn it happens', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  const told: string[] = [];
  registry.onChange(({ state }) => told.push(state));
  const applied = registry.apply('s', 'connect', 'connect_requested');
  expect([registry.get('s').state, ...told]).toEqual(['connecting', 'connecting']);
  await applied;
});

it('changes only what comes with an event that has no arrow', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  const told: string[] = [];
  registry.onChange(({ state }) => told.push(state));
  const before = { ...registry.get('s') };
  await registry.apply('s', 'open', 'opened', { desired: 'connected' });
  expect(registry.get('s')).toEqual({ ...before, desired: 'connected' });
  expect(told).toEqual([]);
});

it('knows nothing to change of sessions that are gone', async () => {
  const { store, registry } = await setUp();
  await registry.update('s', { desired: 'connected' });
  await registry.apply('s', 'connect', 'connect_requested');
  await registry.remove('s');
  registry.touch('s');
  expect(rowsIn(store, TABLES.sessions)).toEqual([]);
});

it('hides a session that is being deleted', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  await registry.update('s', { deleting: true });
  expect(() => registry.get('s')).toThrow('no session');
  expect(() => registry.view('s')).toThrow('no session');
  expect(registry.find('s')).toMatchObject({ deleting: true });
});

it('shows a QR only while it is wanted and fresh, and keeps it in memory only', async () => {
  const { store, registry } = await setUp();
  await registry.add(NEW);
  await registry.apply('s', 'connect', 'connect_requested');
  registry.showQr('s', { value: 'Sesame', attempt: 1, expiresAt: Date.now() + 60_000 });
  expect(registry.view('s').qr).toBeUndefined();
  await registry.apply('s', 'qr', 'qr_shown');
  expect(registry.view('s').qr).toMatchObject({ value: 'Sesame', attempt: 1 });
  expect(JSON.stringify(rowsIn(store, TABLES.sessions))).not.toContain('Sesame');
  registry.showQr('s', { value: 'Sesame', attempt: 2, expiresAt: Date.now() - 1 });
  expect(registry.view('s').qr).toBeUndefined();
  registry.showQr('s', { value: 'Sesame', attempt: 3, expiresAt: Date.now() + 60_000 });
  await registry.apply('s', 'open', 'opened');
  await registry.apply('s', 'retry', 'transient');
  await registry.apply('s', 'qr', 'qr_shown');
  expect(registry.view('s').qr).toBeUndefined();
});

it('shows the phone number once the session is paired', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  expect(registry.view('s').phoneNumber).toBeUndefined();
  await registry.update('s', { jid: ME });
  expect(registry.view('s').phoneNumber).toBe('+15550000001');
});

it('waits until it is so, at once when it is so already', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  await registry.wait('s', 20_000, ({ state }) => state === 'disconnected');
  await registry.wait('nobody', 20_000, () => false);
  const waiting = registry.wait('s', 20_000, ({ state }) => state === 'connected');
  await registry.add({ ...NEW, sessionId: 'other' });
  await registry.apply('other', 'connect', 'connect_requested');
  await registry.apply('other', 'open', 'opened');
  await registry.apply('s', 'connect', 'connect_requested');
  const ended = vi.fn();
  void waiting.then(ended);
  await new Promise((resolve) => setImmediate(resolve));
  expect(ended).not.toHaveBeenCalled();
  await registry.apply('s', 'open', 'opened');
  await waiting;
});

it('waits no longer than asked, nor for a session that is gone', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  await registry.wait('s', 5, () => false);
  const waiting = registry.wait('s', 20_000, () => false);
  await registry.remove('s');
  await waiting;
});

it('remembers activity only forwards', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  const { lastActivity } = registry.get('s');
  registry.touch('s', lastActivity + 5);
  registry.touch('s', lastActivity + 3);
  expect(registry.get('s').lastActivity).toBe(lastActivity + 5);
});

it('lets a listener end its listening while it is told', async () => {
  const { registry } = await setUp();
  await registry.add(NEW);
  const told: string[] = [];
  const listener = (name: string): void => {
    const stop = registry.onChange((row: Readonly<SessionRow>) => {
      told.push(`${name} ${row.state}`);
      stop();
    });
  };
  listener('a');
  listener('b');
  await registry.apply('s', 'connect', 'connect_requested');
  await registry.apply('s', 'open', 'opened');
  expect(told).toEqual(['a connecting', 'b connecting']);
});

it('commits what its follower adds to a change together with it, and says how that ended', async () => {
  const store = failingStore(...Object.values(TABLES));
  const registry = new Registry(store, silent);
  await registry.add(NEW);
  const told: string[] = [];
  registry.follow({
    changed: ({ sessionId, seq, state }) => ({
      writes: [{ table: TABLES.reports, key: [sessionId, seq], value: state }],
      ended: (committed) => told.push(`${seq} ${committed ? 'committed' : 'failed'}`),
    }),
    qrShown: () => told.push('qr'),
    leaving: () => told.push('leaving'),
    loaded: () => told.push('loaded'),
  });
  await registry.apply('s', 'connect', 'connect_requested');
  await registry.apply('s', 'connect', 'connect_requested');
  registry.showQr('s', { value: 'Sesame', attempt: 1, expiresAt: 0 });
  store.failing = true;
  await expect(registry.apply('s', 'open', 'opened')).rejects.toThrow('full');
  store.failing = false;
  expect(rowsIn(store, TABLES.reports)).toEqual([[['s', 2], 'connecting']]);
  await registry.update('s', { deleting: true });
  await registry.remove('s');
  registry.load();
  expect(told).toEqual(['2 committed', 'qr', '3 failed', 'leaving', 'leaving', 'loaded']);
});
