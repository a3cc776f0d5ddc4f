// A worker that lives in maps: enough of the port to serve every endpoint.
import type { Message } from '../../../shared/domain/message.js';
import type { Reason, SessionState } from '../../../shared/domain/session.js';
import { AppError } from '../../../shared/errors.js';
import { QUERIES, type QueryName, type QueryResult } from '../../../shared/ipc/queries.js';
import type { BackendView } from '../../../supervisor/backend/backend-link.js';
import type { DeadReport } from '../../../supervisor/backend/report.js';
import type { ChatView } from '../../../supervisor/chats/chat-list.js';
import type { LoggedEvent } from '../../../supervisor/events/event-page.js';
import type { HistoryRange } from '../../../supervisor/messages/history.js';
import type { UntoldSend } from '../../../supervisor/messages/untold-sends.js';
import type {
  MediaFile,
  ProcessesView,
  QueuedSend,
  RunnerView,
  StorageView,
  SendRequest,
  SessionView,
  Worker,
} from '../../../supervisor/worker.js';
import type { PresenceNews } from '../../../supervisor/queries/presence-feed.js';
import { settingsView } from '../../../supervisor/settings/settings-view.js';
import type { DeadWebhook } from '../../../supervisor/webhooks/dead-webhook.js';
import { memorySessions, STARTED_AT } from './memory-sessions.js';
import { createMemoryUploads, type MemoryUploads } from './memory-uploads.js';

export const QR_VALUE = `2@${'aB3+'.repeat(50)},${'k'.repeat(44)},${'i'.repeat(44)},${'s'.repeat(44)}`;

const SETTINGS_DEFAULTS = { markOnline: true, pace: { perMinute: undefined, burst: 5, typing: false }, proxy: undefined };

export const FIGURES = { rssBytes: 5, anonymousBytes: 4, heapUsedBytes: 3, heapLimitBytes: 9, cpuPercent: 1.5, eventLoopDelayP99Ms: 0.4 };

export const queuedSend = (known: Partial<QueuedSend> = {}): QueuedSend => ({
  messageId: 'msg_1',
  to: '6281234567890@s.whatsapp.net',
  type: 'text',
  status: 'queued',
  position: 1,
  queuedAt: STARTED_AT,
  estimatedAt: STARTED_AT + 30_000,
  ...known,
});

export interface MemoryWorker extends Worker {
  /** Puts a session into a state, as if WhatsApp had done it. */
  set(sessionId: string, state: SessionState, reason: Reason, changes?: Partial<SessionView>): void;
  /** What a connect leads to. */
  connectLeadsTo: { state: SessionState; reason: Reason; changes?: Partial<SessionView> };
  /** `sessions.list` throws its value, which may be anything. */
  listFails: { thrown: unknown } | undefined;
  ready: boolean;
  readonly sent: SendRequest[];
  /** What waits to be sent, in every session. */
  queued: QueuedSend[];
  /** Files that clients bring. */
  readonly uploads: MemoryUploads;
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
  /** What was done in chats. */
  readonly acted: unknown[][];
  readonly pairingNumbers: string[];
  readonly history: Message[];
  /** Of every message. */
  receipts: Awaited<ReturnType<Worker['messages']['receipts']>>;
  /** The newest first. */
  readonly listedChats: ChatView[];
  readonly listedContacts: ReturnType<Worker['chatList']['contacts']>['contacts'];
  /** Files of messages by the messages' ids. */
  readonly files: Map<string, MediaFile>;
  /** What each page was asked for. */
  readonly historyRanges: HistoryRange[];
  /** What happened in every session; `rings` are those who want to hear of more. */
  readonly loggedEvents: LoggedEvent[];
  readonly rings: Set<() => void>;
  /** Who listens to presences, of any session. */
  readonly presenceListeners: Set<(news: PresenceNews) => void>;
  readonly deadReports: DeadReport[];
  readonly deadWebhooks: DeadWebhook[];
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
  const sessions = memorySessions(() => worker);
  const { get, settings } = sessions;
  const uploads = createMemoryUploads();
  const assertConnected = (sessionId: string): void => {
    if (get(sessionId).state !== 'connected') throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
  };
  const act = async <T>(sessionId: string, what: unknown[], answer: T): Promise<T> => {
    assertConnected(sessionId);
    worker.acted.push([sessionId, ...what]);
    return Promise.resolve(answer);
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
    queued: [],
    held: [],
    toldKeys: [],
    untoldSends: [],
    beforeConnect: async () => Promise.resolve(),
    beforeSent: async () => Promise.resolve(),
    asked: [],
    answers: {},
    acted: [],
    pairingNumbers: [],
    history: [],
    receipts: [],
    listedChats: [],
    listedContacts: [],
    files: new Map(),
    historyRanges: [],
    loggedEvents: [],
    rings: new Set(),
    presenceListeners: new Set(),
    deadReports: [],
    deadWebhooks: [],
    replayed: [],
    runnerViews: [],
    processesView: { runners: [], supervisor: { pid: 1, pssBytes: undefined, ...FIGURES } },
    storageView: { mode: 'local', state: 'ok', lagMs: 0, changesWaiting: 0, sessionsDirty: 0, mediaWaiting: 0, sentence: undefined },
    backendView: undefined,
    connects: { ramp: undefined, breaker: undefined },
    set: (...change) => void sessions.move(...change),
    sessions: sessions.port,
    messages: {
      send: async (request) => {
        if (get(request.sessionId).state !== 'connected') throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected.');
        worker.sent.push(request);
        const messageId = `msg_${worker.sent.length}`;
        await worker.beforeSent();
        return { messageId, status: 'sent', timestamp: STARTED_AT };
      },
      enqueue: async (request) => {
        get(request.sessionId);
        worker.sent.push(request);
        const { to, content } = request;
        const messageId = `msg_${worker.sent.length}`;
        return Promise.resolve(
          queuedSend({ messageId, to, type: 'bring' in content ? 'document' : content.type, position: worker.sent.length }),
        );
      },
      queue: {
        page: (sessionId, { limit, offset }) => {
          get(sessionId);
          return { sends: worker.queued.slice(offset, offset + limit), total: worker.queued.length };
        },
        cancel: async (sessionId, messageId) => {
          get(sessionId);
          const index = worker.queued.findIndex((send) => send.messageId === messageId);
          if (index < 0) throw new AppError('MESSAGE_NOT_FOUND', 'There is no such message.');
          if (worker.queued[index]?.status === 'sending') throw new AppError('MESSAGE_NOT_QUEUED', 'It is being sent.');
          worker.queued.splice(index, 1);
          return Promise.resolve();
        },
        cancelAll: async (sessionId) => {
          get(sessionId);
          const before = worker.queued.length;
          worker.queued = worker.queued.filter(({ status }) => status === 'sending');
          return Promise.resolve({ cancelled: before - worker.queued.length, left: worker.queued.length });
        },
      },
      page: async (_sessionId, range) => {
        worker.historyRanges.push(range);
        const { limit, offset = 0, before, filter } = range;
        const from = before ? before[1] : offset;
        const next: [number, number] | undefined = from + limit < worker.history.length ? [0, from + limit] : undefined;
        const messages = worker.history.slice(from, from + limit);
        return Promise.resolve({ messages, next, ...(filter ? { total: undefined, looked: 7 } : { total: worker.history.length }) });
      },
      find: async (_sessionId, id, from) =>
        Promise.resolve(worker.history.find((message) => message.id === id && (from === undefined || message.from === from))),
      receipts: async (sessionId, id) => {
        get(sessionId);
        if (!worker.history.some((message) => message.id === id && message.fromMe))
          throw new AppError('MESSAGE_NOT_FOUND', 'There is no such message.');
        return Promise.resolve(worker.receipts);
      },
      untold: () => worker.untoldSends,
      told: async (_sessionId, key) => {
        worker.toldKeys.push(key);
        return Promise.resolve();
      },
    },
    chatList: {
      chats: (sessionId, { limit, before = [0, 0] }) => {
        get(sessionId);
        const end = before[1] + limit;
        const more: [number, number] | undefined = end < worker.listedChats.length ? [0, end] : undefined;
        return { chats: worker.listedChats.slice(before[1], end), next: more, incomplete: more !== undefined };
      },
      contacts: (sessionId, { limit, after = '' }) => {
        get(sessionId);
        const later = worker.listedContacts.filter(({ jid }) => jid > after);
        const contacts = later.slice(0, limit);
        return { contacts, next: later.length > limit ? contacts.at(-1)?.jid : undefined };
      },
    },
    chats: {
      typing: async (sessionId, to, state) => act(sessionId, ['typing', to, state], undefined),
      read: async (sessionId, chat, ids) => act(sessionId, ['read', chat, ids], [...(ids ?? ['unread'])]),
      star: async (sessionId, chat, id, starred) => act(sessionId, ['star', chat, id, starred], undefined),
      deleteForMe: async (sessionId, chat, id) => act(sessionId, ['deleteForMe', chat, id], undefined),
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
    media: {
      ...uploads.port,
      file: async (sessionId, { messageId }) => {
        get(sessionId);
        const file = worker.files.get(messageId);
        if (!file) throw new AppError('MESSAGE_NOT_FOUND', 'This session has no message with this id.');
        return Promise.resolve(file);
      },
    },
    uploads,
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
      presences: (_sessionId, listener) => {
        worker.presenceListeners.add(listener);
        return () => void worker.presenceListeners.delete(listener);
      },
    },
    settings: {
      get: (sessionId) => {
        get(sessionId);
        return settingsView(settings.of(sessionId), SETTINGS_DEFAULTS);
      },
      change: async (sessionId, patch) => {
        get(sessionId);
        return settingsView(await settings.change(sessionId, patch), SETTINGS_DEFAULTS);
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
    webhooks: {
      dead: ({ limit, offset }) => ({ webhooks: worker.deadWebhooks.slice(offset, offset + limit), total: worker.deadWebhooks.length }),
      replay: async (ids) => {
        worker.replayed.push(ids);
        return Promise.resolve(ids?.length ?? worker.deadWebhooks.length);
      },
    },
    runners: () => worker.runnerViews,
    processes: async () => Promise.resolve(worker.processesView),
    recycle: async (slot) => Promise.resolve({ slot, sessions: 2, target: slot + 1 }),
    health: () => ({
      ...{ status: 'online', sessionCount: sessions.port.list().length, cpuUsage: 45.5, memoryUsage: 67.8, uptime: 3600, maxSessions: 50 },
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
