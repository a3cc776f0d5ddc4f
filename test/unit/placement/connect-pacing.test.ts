import { expect, it } from 'vitest';
import type { SessionFact } from '../../../shared/ipc/protocol.js';
import { ConnectPacing } from '../../../supervisor/placement/connect-pacing.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { newSession, openSupervisorStore, TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { applyFact } from '../../../supervisor/placement/apply-fact.js';
import { captureLog } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { eventually, OPEN, QR } from './placed-sessions-setting.js';

const LOST: SessionFact = { type: 'closed', outcome: 'retry', reason: 'transient' };

const scene = async (sessions: number) => {
  const store = closing(await openSupervisorStore(tempFolder()));
  const ids = Array.from({ length: sessions }, (_, n) => `s${n}`);
  const row = (sessionId: string, n: number): SessionRow => ({
    ...newSession(sessionId, 1),
    ...{ state: 'connected', desired: 'connected', paired: true, everConnected: true, slot: n % 2, epoch: 3 },
  });
  await store.commit(ids.map((sessionId, n) => ({ table: TABLES.sessions, key: [sessionId], value: row(sessionId, n) })));
  const { lines, log } = captureLog();
  const registry = new Registry(store, log);
  const clock = { now: 0 };
  const pacing = new ConnectPacing({ registry, log, ratePerSecond: 1_000, firstSyncs: 1, clock: () => clock.now, random: () => 0.5 });
  const tell = (sessionId: string, fact: SessionFact): void => {
    const known = registry.get(sessionId);
    if (fact.type !== 'deaf') void applyFact(registry, known, fact);
    pacing.onFact(sessionId, known.epoch, fact);
  };
  const begun: string[] = [];
  const ask = (sessionId: string, kind: 'reconnect' | 'pairing' = 'reconnect', epoch = 3): void =>
    void pacing.turn({ sessionId, epoch, kind }, new AbortController().signal).then(() => begun.push(sessionId));
  const messages = (): unknown[] => lines().map((line) => line['msg']);
  /** Time passes, and the throttle, whose timers follow the real clock, is made to see it. */
  const later = async (ms: number): Promise<void> => {
    clock.now += ms;
    pacing.throttle.look();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { ids, registry, pacing, tell, ask, begun, later, lines, messages };
};

it('gives a turn only for a session that should be connected, in the epoch it has', async () => {
  const { pacing, registry, ask, begun, later } = await scene(2);
  const { signal } = new AbortController();
  await registry.update('s1', { desired: 'disconnected' });
  for (const [sessionId, epoch] of [
    ['s0', 2],
    ['s1', 3],
    ['unknown', 3],
  ] as const) {
    await expect(pacing.turn({ sessionId, epoch, kind: 'reconnect' }, signal)).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  }
  ask('s0');
  await later(0);
  expect(begun).toEqual(['s0']);
});

it('takes a connect for settled by a QR code, an open connection, a close, and the end of its runner, and not by older news', async () => {
  const { pacing, tell, ask, later, registry } = await scene(5);
  for (const [n, id] of ['s0', 's1', 's2', 's3', 's4'].entries()) {
    ask(id);
    await later(10);
    expect(pacing.throttle.connecting).toBe(n + 1);
  }
  pacing.onFact('s0', 2, OPEN);
  tell('s0', { type: 'connecting' });
  tell('s0', { type: 'deaf', proof: 'ping', silentMs: 1, rhythm: { stanzas: 1, usualMs: 1, doubt: 1, deafInARow: 1 } });
  expect(pacing.throttle.connecting).toBe(5);
  tell('s0', OPEN);
  tell('s1', QR);
  tell('s2', LOST);
  expect(pacing.throttle.connecting).toBe(2);
  pacing.onRunnerExited(1);
  expect(pacing.throttle.connecting).toBe(1);
  await registry.apply('s4', 'stop', 'disconnect_requested', { desired: 'disconnected' });
  expect(pacing.throttle.connecting).toBe(0);
});

it('lets the next first sync begin when one is caught up or closed', async () => {
  const { tell, ask, begun, later } = await scene(3);
  for (const id of ['s0', 's1', 's2']) ask(id, 'pairing');
  await later(10);
  tell('s0', OPEN);
  await later(10);
  expect(begun).toEqual(['s0']);
  tell('s0', { type: 'caught_up' });
  await later(10);
  expect(begun).toEqual(['s0', 's1']);
  tell('s1', LOST);
  await later(10);
  expect(begun).toEqual(['s0', 's1', 's2']);
});

it('holds reconnects back together once many fail alike, and lets all go when one is open', async () => {
  const { ids, pacing, tell, ask, begun, later, messages } = await scene(10);
  // Nothing that was saved before is used after it.
  await later(5_000);
  for (const id of ids) tell(id, LOST);
  expect(pacing.breaker).toMatchObject({ reason: 'transient', failing: 10, of: 10 });
  for (const id of ids) ask(id);
  await later(999);
  expect(begun).toEqual([]);
  await later(501);
  expect(begun).toEqual(['s0']);
  await later(30_000);
  expect(begun).toEqual(['s0']);
  tell('s0', LOST);
  await later(0);
  expect(begun).toEqual(['s0', 's1']);
  tell('s1', OPEN);
  expect(pacing.breaker).toBeUndefined();
  await later(1);
  expect(begun).toHaveLength(3);
  for (let n = 0; n < 10; n++) await later(10);
  expect(begun).toHaveLength(10);
  expect(messages().filter((message) => message !== 'session changed')).toEqual([
    'many sessions fail alike; connects are tried one at a time until one is open',
    'connects go on at full rate',
  ]);
});

it('tells how far the ramp of a start is, and when it is over', async () => {
  const { ids, pacing, registry, tell, later, lines } = await scene(4);
  await Promise.all(ids.map(async (id) => registry.apply(id, 'retry', 'resumed')));
  pacing.ramp.begin([]);
  expect(pacing.rampView).toBeUndefined();
  pacing.ramp.begin(ids);
  expect(pacing.rampView).toEqual({ sessions: 4, waiting: 4, connecting: 0, secondsLeft: 1 });
  for (const sessionId of ids) {
    const turn = pacing.throttle.turn({ sessionId, priority: 'resume' });
    await later(2_000);
    await turn;
    if (sessionId === 's1') expect(pacing.rampView).toEqual({ sessions: 4, waiting: 2, connecting: 2, secondsLeft: 8 });
  }
  pacing.onRunnerExited(1);
  expect(pacing.rampView).toMatchObject({ waiting: 2, connecting: 2 });
  for (const id of ['s0', 's1', 's2']) tell(id, OPEN);
  expect(pacing.rampView).toMatchObject({ waiting: 1, connecting: 0 });
  tell('s3', LOST);
  expect(pacing.rampView).toBeUndefined();
  await eventually(() => {
    expect(lines().filter((line) => 'sessions' in line)).toMatchObject([
      { sessions: 4, atLeastSeconds: 1 },
      { sessions: 4, connected: 3, seconds: 8 },
    ]);
  });
});
