// Sessions that live in maps, and what was set for them.
import { outwardStatus, type Reason, type SessionState } from '../../../shared/domain/session.js';
import { AppError } from '../../../shared/errors.js';
import type { Key } from '../../../shared/store/store.js';
import { Settings } from '../../../supervisor/settings/settings.js';
import type { SessionView, Worker } from '../../../supervisor/worker.js';
import type { MemoryWorker } from './memory-worker.js';

export const STARTED_AT = Date.UTC(2024, 0, 15, 10, 30);

interface MemorySessions {
  port: Worker['sessions'];
  settings: Settings;
  get: (sessionId: string) => SessionView;
  move: (sessionId: string, state: SessionState, reason: Reason, changes?: Partial<SessionView>) => SessionView;
}

/** @param worker whose fields say what happens to them */
export const memorySessions = (
  worker: () => Pick<MemoryWorker, 'listFails' | 'beforeConnect' | 'connectLeadsTo' | 'pairingNumbers'>,
): MemorySessions => {
  const views = new Map<string, SessionView>();
  const get = (sessionId: string): SessionView => {
    const view = views.get(sessionId);
    if (!view) throw new AppError('SESSION_NOT_FOUND', 'There is no session with this id.');
    return view;
  };
  const move = (sessionId: string, state: SessionState, reason: Reason, changes: Partial<SessionView> = {}): SessionView => {
    const before = get(sessionId);
    const view = { ...before, state, reason, status: outwardStatus(state, false), seq: before.seq + 1, since: STARTED_AT, ...changes };
    views.set(sessionId, view);
    return view;
  };

  const settingRows = new Map<unknown, unknown>();
  const settings = new Settings({
    store: {
      get: <T>(_table: string, [sessionId]: Key) => settingRows.get(sessionId) as T | undefined,
      commit: async (writes) => {
        for (const { key, value } of writes) settingRows.set(key[0], value);
        return Promise.resolve();
      },
    },
  });

  const port: Worker['sessions'] = {
    create: async ({ sessionId, userId, sessionName, settings: given }) => {
      if (views.has(sessionId)) throw new AppError('SESSION_ALREADY_EXISTS', 'A session with this id exists already.');
      const view = { ...NEW_SESSION, sessionId, userId, sessionName };
      for (const { key, value } of settings.writesForNew(sessionId, given)) settingRows.set(key[0], value);
      views.set(sessionId, view);
      return Promise.resolve(view);
    },
    list: () => {
      const { listFails } = worker();
      if (listFails) throw listFails.thrown;
      return [...views.values()];
    },
    get,
    connect: async (sessionId) => {
      get(sessionId);
      await worker().beforeConnect();
      const { state, reason, changes } = worker().connectLeadsTo;
      return Promise.resolve(move(sessionId, state, reason, changes));
    },
    pairingCode: async (sessionId, phoneNumber) => {
      get(sessionId);
      worker().pairingNumbers.push(phoneNumber);
      return Promise.resolve({ code: 'ABCD1234', expiresAt: STARTED_AT });
    },
    disconnect: async (sessionId) => Promise.resolve(move(sessionId, 'disconnected', 'disconnect_requested')),
    restart: async (sessionId) => Promise.resolve(move(sessionId, 'connecting', 'connect_requested')),
    move: async (sessionId, slot = 1) => {
      views.set(sessionId, { ...get(sessionId), slot });
      return Promise.resolve(get(sessionId));
    },
    logout: async (sessionId) => Promise.resolve(move(sessionId, 'logged_out', 'logout_requested')),
    delete: async (sessionId) => {
      get(sessionId);
      views.delete(sessionId);
      return Promise.resolve();
    },
  };
  return { port, settings, get, move };
};

const NEW_SESSION: SessionView = {
  sessionId: '',
  userId: undefined,
  sessionName: undefined,
  state: 'disconnected',
  status: 'disconnected',
  reason: 'created',
  seq: 0,
  since: STARTED_AT,
  desired: 'disconnected',
  phoneNumber: undefined,
  jid: undefined,
  lid: undefined,
  pushName: undefined,
  createdAt: STARTED_AT,
  lastActivity: STARTED_AT,
  slot: undefined,
  qr: undefined,
};
