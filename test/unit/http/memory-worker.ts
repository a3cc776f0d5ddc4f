// A worker that lives in maps: enough of the port to serve every endpoint.
import type { Message } from '../../../shared/domain/message.js';
import { outwardStatus, type Reason, type SessionState } from '../../../shared/domain/session.js';
import { AppError } from '../../../shared/errors.js';
import { QUERIES, type QueryName, type QueryResult } from '../../../shared/ipc/queries.js';
import type { BackendView } from '../../../supervisor/backend/backend-link.js';
import type { DeadReport } from '../../../supervisor/backend/report.js';
import type { LoggedEvent } from '../../../supervisor/events/event-page.js';
import type { UntoldSend } from '../../../supervisor/messages/untold-sends.js';
import type { ProcessesView, RunnerView, StorageView, SendRequest, SessionView, Worker } from '../../../supervisor/worker.js';

import { createMemoryFiles, type MemoryFiles } from './memory-files.js';

export const STARTED_AT = Date.UTC(2024, 0, 15, 10, 30);
export const QR_VALUE = `2@${'aB3+'.repeat(50)},${'k'.repeat(44)},${'i'.repeat(44)},${'s'.repeat(44)}`;

export const FIGURES = { rssBytes: 5, heapUsedBytes: 3, heapLimitBytes: 9, cpuPercent: 1.5, eventLoopDelayP99Ms: 0.4 };

export interface MemoryWorker extends Worker {
  /** Puts a session into a state, as if WhatsApp had done it. */
  set(sessionId: string, state: SessionState, reason: Reason, changes?: Partial<SessionView>): void;
  /** What a connect leads to. */
  connectLeadsTo: { state: SessionState; reason: Reason; changes?: Partial<SessionView> };
  /** `sessions.list` throws its value, which may be anything. */
  listFails: { thrown: unknown } | undefined;
  ready: boolean;
  readonly sent: SendRequest[];
  /** Files that came and are not discarded yet. */
  readonly staged: MemoryFiles['staged'];
  /** Sessions whose reports are held now. */
  readonly held: string[];
  /** Keys whose clients were told. */
  readonly toldKeys: string[];
  untoldSends: UntoldSend[];
  /** Awaited before a connect leads anywhere. */
  beforeConnect: () => Promise<void>;
  /** Awaited before a send is answered. */
  beforeSent: () => Promise<void>;
  /** What was asked of WhatsApp, and what it answers. */
  readonly asked: { sessionId: string; name: QueryName; params: unknown }[];
  answers: Partial<Record<QueryName, unknown>>;
  readonly pairingNumbers: string[];
  readonly history: Message[];
  /** What happened in every session; `rings` are those who want to hear of more. */
  readonly loggedEvents: LoggedEvent[];
  readonly rings: Set<() => void>;
  readonly deadReports: DeadReport[];
  /** What each replay asked for. */
  readonly replayed: (readonly number[] | undefined)[];
  runnerViews: RunnerView[];
  processesView: ProcessesView;
  storageView: StorageView;
  backendView: BackendView | undefined;
  /** What is said of connects that wait. */
  connects: Pick<ReturnType<Worker['readiness']>, 'ramp' | 'breaker'>;
}

export const createMemoryWorker = (): MemoryWorker => {
  const views = new Map<string, SessionView>();
  const files = createMemoryFiles();
  const get = (sessionId: string): SessionView => {
    const view = views.get(sessionId);
    if (!view) throw new AppError('SESSION_NOT_FOUND', 'There is no session with this id.');
    return view;
  };
  const assertConnected = (sessionId: string): void => {
    if (get(sessionId).state !== 'connected') throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
  };
  const move = (sessionId: string, state: SessionState, reason: Reason, changes: Partial<SessionView> = {}): SessionView => {
    const before = get(sessionId);
    const view = { ...before, state, reason, status: outwardStatus(state, false), seq: before.seq + 1, since: STARTED_AT, ...changes };
    views.set(sessionId, view);
    return view;
  };

  const worker: MemoryWorker = {
    connectLeadsTo: {
      state: 'qr_required',
      reason: 'qr_shown',
      changes: { qr: { value: QR_VALUE, attempt: 1, expiresAt: STARTED_AT + 60_000 } },
    },
    listFails: undefined,
    ready: true,
    sent: [],
    held: [],
    toldKeys: [],
    untoldSends: [],
    beforeConnect: async () => Promise.resolve(),
    beforeSent: async () => Promise.resolve(),
    asked: [],
    answers: {},
    pairingNumbers: [],
    history: [],
    loggedEvents: [],
    rings: new Set(),
    deadReports: [],
    replayed: [],
    runnerViews: [],
    processesView: { runners: [], supervisor: { pid: 1, pssBytes: undefined, ...FIGURES } },
    storageView: { mode: 'local', state: 'ok', lagMs: 0, changesWaiting: 0, sessionsDirty: 0, mediaWaiting: 0, sentence: undefined },
    backendView: undefined,
    connects: { ramp: undefined, breaker: undefined },
    set: (...change) => void move(...change),
    sessions: {
      create: async ({ sessionId, userId, sessionName }) => {
        if (views.has(sessionId)) throw new AppError('SESSION_ALREADY_EXISTS', 'A session with this id exists already.');
        const view = { ...NEW_SESSION, sessionId, userId, sessionName };
        views.set(sessionId, view);
        return Promise.resolve(view);
      },
      list: () => {
        if (worker.listFails) throw worker.listFails.thrown;
        return [...views.values()];
      },
      get,
      connect: async (sessionId) => {
        get(sessionId);
        await worker.beforeConnect();
        const { state, reason, changes } = worker.connectLeadsTo;
        return Promise.resolve(move(sessionId, state, reason, changes));
      },
      pairingCode: async (sessionId, phoneNumber) => {
        get(sessionId);
        worker.pairingNumbers.push(phoneNumber);
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
    },
    messages: {
      send: async (request) => {
        if (get(request.sessionId).state !== 'connected') throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
        worker.sent.push(request);
        const messageId = `msg_${worker.sent.length}`;
        await worker.beforeSent();
        return { messageId, status: 'sent', timestamp: STARTED_AT };
      },
      page: async (_sessionId, { limit, offset }) =>
        Promise.resolve({ messages: worker.history.slice(offset, offset + limit), total: worker.history.length }),
      untold: () => worker.untoldSends,
      told: async (_sessionId, key) => {
        worker.toldKeys.push(key);
        return Promise.resolve();
      },
    },
    queries: {
      ask: async (sessionId, name, params) => {
        assertConnected(sessionId);
        worker.asked.push({ sessionId, name, params });
        const answer = worker.answers[name];
        if (answer instanceof AppError) throw answer;
        // As the table has it: whoever sets an answer sees to that.
        return Promise.resolve(QUERIES[name].result.parse(answer) as QueryResult<typeof name>);
      },
      setPicture: async (sessionId, jpeg, group) => {
        assertConnected(sessionId);
        worker.asked.push({ sessionId, name: 'profile.picture', params: { jpeg, group } });
        return Promise.resolve();
      },
    },
    files: files.port,
    staged: files.staged,
    events: {
      page: async (sessionId, { after, limit, createdAt = STARTED_AT }) => {
        const view = get(sessionId);
        const newest = worker.loggedEvents.at(-1)?.seq ?? 0;
        const oldest = worker.loggedEvents[0]?.seq ?? newest + 1;
        const from = after ?? oldest - 1;
        if (from < oldest - 1 || from > newest || createdAt !== view.createdAt) {
          throw new AppError('EVENTS_GONE', 'They are not kept.', { details: { oldest, newest } });
        }
        const events = worker.loggedEvents.filter(({ seq }) => seq > from).slice(0, limit);
        return Promise.resolve({ events, createdAt: view.createdAt, oldest, newest });
      },
      subscribe: (_sessionId, listener) => {
        worker.rings.add(listener);
        return () => void worker.rings.delete(listener);
      },
    },
    storage: {
      status: () => worker.storageView,
      flush: async () => Promise.resolve(worker.storageView),
    },
    holdReports: (sessionId) => {
      worker.held.push(sessionId);
      return () => void worker.held.splice(worker.held.indexOf(sessionId), 1);
    },
    reports: {
      dead: ({ limit, offset }) => ({ reports: worker.deadReports.slice(offset, offset + limit), total: worker.deadReports.length }),
      replay: async (ids) => {
        worker.replayed.push(ids);
        return Promise.resolve(ids?.length ?? worker.deadReports.length);
      },
    },
    runners: () => worker.runnerViews,
    processes: async () => Promise.resolve(worker.processesView),
    recycle: async (slot) => Promise.resolve({ slot, sessions: 2, target: slot + 1 }),
    health: () => ({
      ...{ status: 'online', sessionCount: views.size, cpuUsage: 45.5, memoryUsage: 67.8, uptime: 3600, maxSessions: 50 },
      storage: worker.storageView,
      backend: worker.backendView,
    }),
    readiness: () => ({
      ready: worker.ready,
      details: { draining: !worker.ready },
      ...worker.connects,
      backend: worker.backendView,
    }),
  };
  return worker;
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
