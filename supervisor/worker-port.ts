// What the HTTP layer may ask of the worker, and when it has to wait: nothing before the sessions are known, no changes while stopping.
import { AppError } from '../shared/errors.js';
import { ObjectStoreError } from '../shared/object-store/object-store.js';
import type { BackendView } from './backend/backend-link.js';
import type { Reports } from './backend/reports/reports.js';
import type { ChatList } from './chats/chat-list.js';
import type { EventLog } from './events/event-log.js';
import { readEvents } from './events/event-page.js';
import type { FleetView } from './fleet-view.js';
import type { HostLoad } from './host-load.js';
import type { MediaLibrary } from './media/media-library.js';
import type { Media } from './media/open-media.js';
import { mimetypeOf } from './media/wanted-media.js';
import type { UploadStatus } from './media/media-uploads.js';
import { ChatActions } from './messages/chat-actions.js';
import type { History } from './messages/history.js';
import type { Sends } from './messages/sends.js';
import type { UntoldSends } from './messages/untold-sends.js';
import type { Capacity } from './placement/capacity.js';
import type { ConnectPacing } from './placement/connect-pacing.js';
import type { PlacedSessions } from './placement/placed-sessions.js';
import type { Recycling } from './placement/recycling.js';
import type { Registry } from './placement/registry.js';
import type { PresenceFeed } from './queries/presence-feed.js';
import type { SessionQueries } from './queries/session-queries.js';
import type { Replication } from './replication/replication.js';
import type { Settings } from './settings/settings.js';
import { settingsView, type SettingsDefaults } from './settings/settings-view.js';
import type { WebhooksPort } from './webhooks/open-webhooks.js';
import type { StorageView, Worker } from './worker.js';

export interface WorkerParts {
  registry: Registry;
  sessions: PlacedSessions;
  recycling: Pick<Recycling, 'begin'>;
  sends: Sends;
  untoldSends: UntoldSends;
  queries: Pick<SessionQueries, 'ask' | 'setPicture'>;
  presences: Pick<PresenceFeed, 'subscribe'>;
  history: History;
  chatList: Pick<ChatList, 'chats' | 'contacts'>;
  events: Parameters<typeof readEvents>[0] & { log: Pick<EventLog, 'subscribe' | 'commit'> };
  settings: Pick<Settings, 'of' | 'change'> & { defaults: SettingsDefaults };
  fleetView: Pick<FleetView, 'runners' | 'processes'>;
  pacing: Pick<ConnectPacing, 'throttle' | 'breaker' | 'rampView'>;
  load: HostLoad;
  capacity: Pick<Capacity, 'maxSessions'>;
  replication: Replication | undefined;
  media: Pick<Media, 'library' | 'access' | 'view' | 'intake'>;
  /** Undefined without a backend. */
  reports?: Pick<Reports, 'hold' | 'dead' | 'replay'> | undefined;
  webhooks: WebhooksPort;
  /** How the worker stands with its backend; undefined without one. */
  backend: () => BackendView | undefined;
  /** Sentence about the worker's own disk, while it cannot be written. */
  diskTrouble: () => string | undefined;
}

/** `restoring`: the sessions are not known yet. `draining`: the worker is about to stop. */
export interface Phase {
  now: 'restoring' | 'serving' | 'draining';
}

export const createWorkerPort = (parts: WorkerParts, phase: Phase): Worker => {
  const {
    registry,
    sessions,
    sends,
    untoldSends,
    history,
    fleetView,
    pacing,
    load,
    capacity,
    replication,
    media,
    reports,
    backend,
    diskTrouble,
  } = parts;
  const known = <A extends unknown[], R>(read: (...args: A) => R) => {
    return (...args: A): R => {
      if (phase.now === 'restoring') throw restoring();
      return read(...args);
    };
  };
  const change = <A extends unknown[], R>(work: (...args: A) => Promise<R>) =>
    known(async (...args: A): Promise<R> => {
      if (phase.now === 'draining') throw draining();
      return work(...args);
    });
  const chats = new ChatActions({ history, commits: parts.events.log, registry, queries: parts.queries });
  const storage = (): StorageView => storageView(replication, media.library.uploadStatus(), diskTrouble());
  return {
    sessions: {
      list: known(() => sessions.list()),
      get: known((sessionId) => sessions.get(sessionId)),
      create: change(async (input) => sessions.create(input)),
      connect: change(async (sessionId) => sessions.connect(sessionId)),
      pairingCode: change(async (sessionId, phoneNumber) => sessions.pairingCode(sessionId, phoneNumber)),
      disconnect: change(async (sessionId) => sessions.disconnect(sessionId)),
      restart: change(async (sessionId) => sessions.restart(sessionId)),
      move: change(async (sessionId, slot) => sessions.move(sessionId, slot)),
      logout: change(async (sessionId) => sessions.logout(sessionId)),
      delete: change(async (sessionId) => sessions.delete(sessionId)),
    },
    messages: {
      send: change(async (request) => sends.send(request)),
      enqueue: change(async (request) => sends.enqueue(request)),
      queue: {
        page: known((sessionId, range) => sends.waiting.page(sessionId, range)),
        cancel: change(async (sessionId, messageId) => sends.waiting.cancel(sessionId, messageId)),
        cancelAll: change(async (sessionId) => sends.waiting.cancelAll(sessionId)),
      },
      page: known(async (sessionId, range) => {
        registry.get(sessionId);
        const page = await history.page(sessionId, range);
        return { ...page, messages: page.messages.map((message) => ({ ...message, media: media.view(sessionId, message) })) };
      }),
      find: known(async (sessionId, messageId, from) => {
        registry.get(sessionId);
        return history.findIndexed(sessionId, messageId, from);
      }),
      receipts: known(async (sessionId, messageId) => {
        registry.get(sessionId);
        return history.receipts(sessionId, messageId);
      }),
      untold: (since) => untoldSends.since(since),
      // Also while stopping: what is running then is still answered.
      told: async (sessionId, key) => untoldSends.told(sessionId, key),
    },
    media: {
      file: known(async (sessionId, { messageId, from }, gone) => {
        registry.get(sessionId);
        const message = await history.findIndexed(sessionId, messageId, from);
        if (!message) throw new AppError('MESSAGE_NOT_FOUND', 'This session has no message with this id.');
        const file = await media.access.file(sessionId, message, gone);
        const fileName = message.details?.['fileName'];
        const told = { mimetype: mimetypeOf(message), fileName: typeof fileName === 'string' ? fileName : undefined };
        return { ...file, ...told, messageId };
      }),
      limitOf: (type) => media.intake.limitOf(type),
      stage: change(async (sessionId, bytes, maxBytes, coming) => {
        registry.get(sessionId);
        return media.intake.stage(bytes, maxBytes, coming);
      }),
      discard: async (staged) => media.intake.discard(staged),
      keep: change(async (sessionId, staged) => media.intake.keep(sessionId, staged)),
      bring: async (sessionId, wish, source) => media.intake.bring(sessionId, wish, source),
    },
    events: {
      page: known(async (sessionId, range) => readEvents(parts.events, registry.get(sessionId), range)),
      subscribe: (sessionId, listener) => parts.events.log.subscribe(sessionId, listener),
      presences: (sessionId, listener) => parts.presences.subscribe(sessionId, listener),
    },
    // Not by `change`, which cannot keep that the result depends on the name.
    queries: {
      ask: async (sessionId, name, params) => {
        if (phase.now === 'restoring') throw restoring();
        if (phase.now === 'draining') throw draining();
        return parts.queries.ask(sessionId, name, params);
      },
      setPicture: change(async (sessionId, jpeg, group) => parts.queries.setPicture(sessionId, jpeg, group)),
    },
    settings: {
      get: known((sessionId) => {
        registry.get(sessionId);
        return settingsView(parts.settings.of(sessionId), parts.settings.defaults);
      }),
      change: change(async (sessionId, patch) => {
        registry.get(sessionId);
        return settingsView(await parts.settings.change(sessionId, patch), parts.settings.defaults);
      }),
    },
    chatList: {
      chats: known((sessionId, range) => {
        registry.get(sessionId);
        return parts.chatList.chats(sessionId, range);
      }),
      contacts: known((sessionId, range) => {
        registry.get(sessionId);
        return parts.chatList.contacts(sessionId, range);
      }),
    },
    chats: {
      typing: change(async (...given) => chats.typing(...given)),
      read: change(async (...given) => chats.read(...given)),
      star: change(async (...given) => chats.star(...given)),
      deleteForMe: change(async (...given) => chats.deleteForMe(...given)),
    },
    storage: {
      status: storage,
      flush: change(async () => {
        await flush(replication, media.library);
        return storage();
      }),
    },
    reports: {
      dead: known((range) => reports?.dead(range) ?? { reports: [], total: 0 }),
      replay: change(async (ids) => reports?.replay(ids) ?? 0),
    },
    webhooks: {
      dead: known((range) => parts.webhooks.dead(range)),
      replay: change(async (ids) => parts.webhooks.replay(ids)),
    },
    holdReports: (sessionId) => reports?.hold(sessionId) ?? (() => undefined),
    runners: () => fleetView.runners(),
    processes: async () => fleetView.processes(),
    recycle: change(async (slot) => Promise.resolve(parts.recycling.begin(slot))),
    health: () => ({ ...health(registry, load, capacity), storage: storage(), backend: backend() }),
    readiness: () => ({
      ready: phase.now !== 'draining',
      details: {
        draining: phase.now === 'draining',
        restoring: phase.now === 'restoring',
        sessions: registry.size,
        sessionsAway: sessions.away,
        connectsWaiting: pacing.throttle.waiting,
        sendsWaiting: sends.size,
      },
      ramp: pacing.rampView,
      breaker: pacing.breaker,
      backend: backend(),
    }),
  };
};

const flush = async (replication: Replication | undefined, media: Pick<MediaLibrary, 'flush'>): Promise<void> => {
  try {
    await replication?.flush(true);
    await media.flush();
  } catch (error) {
    if (!(error instanceof ObjectStoreError)) throw error;
    throw new AppError('STORAGE_UNAVAILABLE', error.sentence, { cause: error, retryAfterSeconds: 5 });
  }
};

const restoring = (): AppError =>
  new AppError('STORAGE_UNAVAILABLE', 'The worker is getting its sessions back from the object store; try again in a moment.', {
    retryAfterSeconds: 5,
  });

const draining = (): AppError => new AppError('DRAINING', 'The worker is stopping; try again in a moment.', { retryAfterSeconds: 5 });

const storageView = (
  replication: Replication | undefined,
  uploads: UploadStatus | undefined,
  diskTrouble: string | undefined,
): StorageView => {
  const disk = diskTrouble === undefined ? undefined : { state: 'failing' as const, sentence: diskTrouble };
  if (!replication) {
    return { mode: 'local', state: 'ok', lagMs: 0, changesWaiting: 0, sessionsDirty: 0, mediaWaiting: 0, sentence: undefined, ...disk };
  }
  const { state, lagMs, changesWaiting, sessionsDirty, trouble } = replication.status();
  return {
    mode: 'object-store',
    ...{ state: state === 'ok' && uploads?.trouble ? 'degraded' : state, lagMs, changesWaiting, sessionsDirty },
    mediaWaiting: uploads?.waiting ?? 0,
    sentence: (trouble ?? uploads?.trouble)?.sentence,
    ...disk,
  };
};

const health = (
  registry: Registry,
  load: HostLoad,
  capacity: Pick<Capacity, 'maxSessions'>,
): Omit<ReturnType<Worker['health']>, 'storage' | 'backend'> => {
  const { cpuPercent, memoryPercent } = load.current();
  return {
    status: 'online',
    sessionCount: registry.rows().filter(({ deleting }) => !deleting).length,
    cpuUsage: cpuPercent,
    memoryUsage: memoryPercent,
    uptime: Math.floor(process.uptime()),
    maxSessions: capacity.maxSessions(),
  };
};
