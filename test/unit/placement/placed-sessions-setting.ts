import { expect, onTestFinished, vi } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import type { SessionFact } from '../../../shared/ipc/protocol.js';
import type { Store } from '../../../shared/store/store.js';
import { ConnectThrottle } from '../../../supervisor/placement/connect-throttle.js';
import { PlacedSessions, type PlacedSessionsOptions } from '../../../supervisor/placement/placed-sessions.js';
import { Registry } from '../../../supervisor/placement/registry.js';
import { openSupervisorStore } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';
import { MemoryFleet, type FleetCall } from './memory-fleet.js';

export const ME = '15550000001:3@s.whatsapp.net';
export const QR: SessionFact = { type: 'qr', qr: 'Sesame', attempt: 1, expiresAt: Date.now() + 600_000 };
export const OPEN: SessionFact = { type: 'open', jid: ME, lid: '99900000001@lid', pushName: 'Shop' };
export const CONNECTING: SessionFact = { type: 'connecting' };
export const CAUGHT_UP: SessionFact = { type: 'caught_up' };

interface Setting {
  store: Store;
  registry: Registry;
  fleet: MemoryFleet;
  sessions: PlacedSessions;
  /** What the runner of the session says now, under its present epoch. */
  tell: (sessionId: string, fact: SessionFact) => void;
}

/** Slots whose stores hold nothing. */
export const NOTHING: PlacedSessionsOptions['contents'] = {
  withCopy: async (_slot, _sessionId, use) => use(undefined),
  withLog: async (_slot, _sessionId, use) => use(undefined),
};

export const start = async (given?: Store, options: Partial<PlacedSessionsOptions> = {}): Promise<Setting> => {
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
    contents: NOTHING,
    ...options,
  });
  fleet.on({
    ready: (slot) => {
      sessions.onRunnerReady(slot);
    },
    exited: (slot, _incarnation, { verdict }) => {
      sessions.onRunnerExited(slot, verdict);
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
export const answerOpensWith = ({ fleet, sessions }: Setting, ...facts: SessionFact[]): void => {
  fleet.answer = (call) => {
    if (call.method === 'session.open') for (const fact of facts) sessions.onFact(call.params.sessionId, call.params.epoch, fact);
    return undefined;
  };
};
export const create = async ({ sessions }: Setting, ...sessionIds: string[]): Promise<void> => {
  for (const sessionId of sessionIds) await sessions.create({ sessionId });
};
export const connected = async (setting: Setting, ...sessionIds: string[]): Promise<void> => {
  await create(setting, ...sessionIds);
  answerOpensWith(setting, CONNECTING, OPEN, CAUGHT_UP);
  for (const sessionId of sessionIds) expect((await setting.sessions.connect(sessionId)).state).toBe('connected');
};

export const opens = ({ fleet }: Setting): [sessionId: string, slot: number, epoch: number, pairing: boolean][] =>
  fleet.of('session.open').map(({ slot, params }) => [params.sessionId, slot, params.epoch, params.pairing]);
export const failOnce = (method: FleetCall['method'], setting: Setting): void => {
  let failures = 1;
  const before = setting.fleet.answer;
  setting.fleet.answer = (call) => {
    if (call.method === method && failures-- > 0) throw new AppError('BUSY', 'Busy.');
    return before(call);
  };
};
export const eventually = async (check: () => void): Promise<void> => vi.waitFor(check, 60_000);
export const states = ({ registry }: Setting): string[] => registry.rows().map(({ sessionId, state }) => `${sessionId} ${state}`);
