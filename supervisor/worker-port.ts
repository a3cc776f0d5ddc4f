// What the HTTP layer may ask of the worker, and when it has to wait: nothing before the sessions are known, no changes while stopping.
import { AppError } from '../shared/errors.js';
import { ObjectStoreError } from '../shared/object-store/object-store.js';
import type { BackendView } from './backend/backend-link.js';
import type { Reports } from './backend/reports/reports.js';
import type { EventLog } from './events/event-log.js';
import { readEvents } from './events/event-page.js';
import type { FleetView } from './fleet-view.js';
import type { HostLoad } from './host-load.js';
import type { MediaIntake } from './media/media-intake.js';
import type { MediaLibrary } from './media/media-library.js';
import type { UploadStatus } from './media/media-uploads.js';
import type { History } from './messages/history.js';
import type { Sends } from './messages/sends.js';
import type { UntoldSends } from './messages/untold-sends.js';
import type { Capacity } from './placement/capacity.js';
import type { ConnectPacing } from './placement/connect-pacing.js';
import type { PlacedSessions } from './placement/placed-sessions.js';
import type { Recycling } from './placement/recycling.js';
import type { Registry } from './placement/registry.js';
import type { SessionQueries } from './queries/session-queries.js';
import type { Replication } from './replication/replication.js';
import type { StorageView, Worker } from './worker.js';

export interface WorkerParts {
  registry: Registry;
  sessions: PlacedSessions;
  recycling: Pick<Recycling, 'begin'>;
  sends: Sends;
  untoldSends: UntoldSends;
  queries: Pick<SessionQueries, 'ask' | 'setPicture'>;
  history: History;
  events: Parameters<typeof readEvents>[0] & { log: Pick<EventLog, 'subscribe'> };
  fleetView: Pick<FleetView, 'runners' | 'processes'>;
  pacing: Pick<ConnectPacing, 'throttle' | 'breaker' | 'rampView'>;
  load: HostLoad;
  capacity: Pick<Capacity, 'maxSessions'>;
  replication: Replication | undefined;
  media: Pick<MediaLibrary, 'uploadStatus' | 'flush'>;
  intake: MediaIntake;
  /** Undefined without a backend. */
  reports?: Pick<Reports, 'hold' | 'dead' | 'replay'> | undefined;
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
  const storage = (): StorageView => storageView(replication, media.uploadStatus(), diskTrouble());
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
      page: known(async (sessionId, range) => {
        registry.get(sessionId);
        return history.page(sessionId, range);
      }),
      untold: (since) => untoldSends.since(since),
      // Also while stopping: what is running then is still answered.
      told: async (sessionId, key) => untoldSends.told(sessionId, key),
    },
    files: {
      limitOf: (type) => parts.intake.limitOf(type),
      stage: change(async (sessionId, bytes, maxBytes, coming) => {
        registry.get(sessionId);
        return parts.intake.stage(bytes, maxBytes, coming);
      }),
      discard: async (staged) => parts.intake.discard(staged),
      keep: change(async (sessionId, staged) => parts.intake.keep(sessionId, staged)),
      bring: async (sessionId, wish, source) => parts.intake.bring(sessionId, wish, source),
    },
    events: {
      page: known(async (sessionId, range) => readEvents(parts.events, registry.get(sessionId), range)),
      subscribe: (sessionId, listener) => parts.events.log.subscribe(sessionId, listener),
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
    storage: {
      status: storage,
      flush: change(async () => {
        await flush(replication, media);
        return storage();
      }),
    },
    reports: {
      dead: known((range) => reports?.dead(range) ?? { reports: [], total: 0 }),
      replay: change(async (ids) => reports?.replay(ids) ?? 0),
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
        sendsWaiting: sends.waiting,
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
