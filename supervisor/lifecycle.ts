// The order in which the worker comes up and goes down.
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../shared/errors.js';
import { takeInFlight } from '../shared/in-flight-file.js';
import { EXIT } from '../shared/exit-codes.js';
import type { SpoolRecord } from '../shared/ipc/protocol.js';
import type { Logger } from '../shared/logging.js';
import type { Config } from './config.js';
import { slotFolder } from './data-folders.js';
import { EventLog } from './events/event-log.js';
import { chatGaps } from './chats/chat-gaps.js';
import { ChatList } from './chats/chat-list.js';
import { eventSweep } from './events/event-sweep.js';
import { createFleet } from './fleet/fleet.js';
import { startFleetView } from './fleet-view.js';
import { watchForHello } from './fleet/watch-for-hello.js';
import { startHostLoad } from './host-load.js';
import { webhookJson } from './http/event-json.js';
import { createServer } from './http/server.js';
import { openMedia } from './media/open-media.js';
import { historyUpkeep } from './messages/history-upkeep.js';
import { History, type StatusMove } from './messages/history.js';
import { indexGaps } from './messages/index-gaps.js';
import { RemoteHistory } from './messages/remote-history.js';
import type { SendPace } from './messages/send-pace.js';
import { SendUploads } from './messages/send-uploads.js';
import { Sends } from './messages/sends.js';
import { takeSpool } from './messages/take-spool.js';
import { UntoldSends } from './messages/untold-sends.js';
import { createBackendLink, createReplication, openObjectStore } from './optional-parts.js';
import { startCapacity } from './placement/capacity.js';
import { ConnectPacing } from './placement/connect-pacing.js';
import { DeafLadder } from './placement/deaf-ladder.js';
import { PlacedSessions } from './placement/placed-sessions.js';
import { openDataFolder } from './open-data-folder.js';
import { planRecycling } from './placement/planned-recycling.js';
import { Recycling } from './placement/recycling.js';
import { Registry } from './placement/registry.js';
import { PresenceFeed } from './queries/presence-feed.js';
import { SessionQueries } from './queries/session-queries.js';
import type { InheritedSocket } from './service-manager/inherited-socket.js';
import { paceOf } from './settings/settings-view.js';
import { Settings } from './settings/settings.js';
import { tellRunner } from './settings/tell-runner.js';
import { runnerVariables, temporaryFolder } from './runner-variables.js';
import { SlotReaders } from './slot-readers.js';
import { TABLES } from './supervisor-store.js';
import { openWebhooks } from './webhooks/open-webhooks.js';
import type { Worker } from './worker.js';
import { createWorkerPort, type Phase } from './worker-port.js';

const RUNNER_MAIN = fileURLToPath(new URL('../session-runner/main.js', import.meta.url));
/** A runner without work is ended after one to two of these. */
const IDLE_CHECK_MS = 30_000;
/** First syncs at once, for each core and at least: what a pairing brings takes more memory than anything else. */
const FIRST_SYNCS = 2;
/** Share of the shutdown time for running HTTP requests; the rest is the runners'. */
const HTTP_SHARE = 0.2;
/** Share of what is left then for the runners, when somebody is to be told of it afterwards. */
const RUNNERS_SHARE = 0.7;
/** For webhooks under way; what is not answered by then is sent again after the next start. */
const WEBHOOKS_MS = 2_000;
/** Share of what is left then for the backend, when there is an object store to be told, too. */
const REPORTS_SHARE = 0.4;

export interface RunningWorker {
  /** Where the API listens. */
  address: { host: string; port: number };
  /** What the API asks. */
  worker: Worker;
  /** Takes no new work, detaches every session, commits, ends the runners; resolves within the shutdown time. */
  stop(): Promise<void>;
}

/**
 * @param onFatal called when the worker cannot go on, with the exit code: its sessions belong to another supervisor by now
 * @param socket that the API listens on instead of one of its own
 */
export const startWorker = async (
  config: Config,
  log: Logger,
  onFatal: (why: string, code: number) => void,
  socket?: InheritedSocket,
): Promise<RunningWorker> => {
  const { lock, store, cipher } = await openDataFolder(config, log, onFatal);
  const objects = config.objectStore && (await openObjectStore(config.objectStore));
  const events = new EventLog(store);
  const registry = new Registry(store, log, events);
  const remote = objects && new RemoteHistory({ store, objects, log });
  const webhooks = openWebhooks({
    ...{ config, store, registry, events, remote, log, json: webhookJson },
    settings: () => settings,
  });
  const settings: Settings = new Settings({
    ...{ store, workerProxy: config.waProxyUrl },
    along: (change) => {
      const [before, after] = [change.before, change.after].map((set) => paceOf(set, config.sendPace)) as [SendPace, SendPace];
      return [...webhooks.along(change), ...sends.repace(change.sessionId, before, after)];
    },
  });
  const settingsOf = settings.of.bind(settings);
  const history = new History(store, remote);
  const onMoved = (move: StatusMove): void => {
    link?.duties.moved(move);
  };
  const pacing = new ConnectPacing({
    ...{ registry, log, ratePerSecond: config.connectRatePerSecond },
    firstSyncs: FIRST_SYNCS * availableParallelism(),
  });
  const readers = new SlotReaders({
    ...{ dataDir: config.dataDir, temporaryFolder: temporaryFolder(config), cipher, log },
    track: config.objectStore !== undefined,
  });
  const fleet = createFleet({
    runnerMain: RUNNER_MAIN,
    nodeOptions: config.runnerNodeOptions,
    dataDir: config.dataDir,
    environment: process.env,
    runnerVariables: runnerVariables(config),
    beforeStart: async (slot) => readers.prepare(slot),
    recordSpawn: async (slot, identity) => store.commit([{ table: TABLES.spawns, key: [slot, identity.pid], value: identity }]),
    forgetSpawn: async (slot, identity) => store.commit([{ table: TABLES.spawns, key: [slot, identity.pid], value: undefined }]),
    handlers: {
      'spool.commit': async (_slot, { records }) => commitSpool(records),
      'connect.turn': async (_slot, request, { signal }) => {
        await pacing.turn(request, signal);
        return { grantedAt: Date.now() };
      },
    },
    log,
  });
  const media = await openMedia({ config, store, commits: events, objects, registry, remote, fleet, log });
  const commitSpool = async (records: SpoolRecord[]): Promise<Record<string, never>> => {
    await takeSpool({ store: events, history, registry, settingsOf, onMoved, media }, records);
    return {};
  };
  const load = startHostLoad(log);
  const capacity = startCapacity({
    ...{ registry, fleet, load, log },
    maxSessions: config.maxSessions,
    memoryPercent: config.capacityMemoryPercent,
    sessionsPerRunner: Math.min(config.runnerMaxSessions, config.maxSessions),
  });
  const link =
    config.backend && (await createBackendLink({ ...{ config, store, registry, history, load, capacity, log }, backend: config.backend }));
  const replication = objects && (await createReplication({ config, store, readers, objects, cipher, fleet, log, onFatal }));
  const sessions = new PlacedSessions({
    registry,
    store,
    fleet,
    throttle: pacing.throttle,
    onResume: (sessionIds) => {
      pacing.ramp.begin(sessionIds);
    },
    log,
    maxSessions: config.maxSessions,
    shortage: () => capacity.shortage(),
    memoryShortage: () => capacity.memoryShortage(),
    maxSessionsPerRunner: config.runnerMaxSessions,
    settingsOf,
    onCreated: (sessionId, given) => settings.writesForNew(sessionId, given),
    onRemoved: (sessionId, slot) => {
      media.onRemoved(sessionId);
      return replication?.deletion(sessionId, slot) ?? [];
    },
    formerSlot: (sessionId) => replication?.formerSlot(sessionId),
    beforeOpen: async (sessionId) => replication?.prepare(sessionId),
    takeMarks: (slot) => takeInFlight(slotFolder(config.dataDir, slot)),
    contents: readers,
    deafLadder: () => deafLadder,
  });
  const recycling = new Recycling({ registry, fleet, rooms: sessions.rooms, handOver: sessions.handOver, log });
  const deafLadder: DeafLadder = new DeafLadder({ registry, handOver: sessions.handOver, recycling, log });
  fleet.on({
    fact: (_slot, _incarnation, sessionId, epoch, fact) => {
      sessions.onFact(sessionId, epoch, fact);
      pacing.onFact(sessionId, epoch, fact);
    },
    ready: (slot) => {
      sessions.onRunnerReady(slot);
    },
    exited: (slot, _incarnation, { verdict }) => {
      pacing.onRunnerExited(slot);
      sessions.onRunnerExited(slot, verdict);
      if (phase.now === 'serving' && fleet.views().some((view) => view.slot === slot && view.quarantined)) {
        recycling.rescue(slot).catch((error: unknown) => {
          log.warn({ slot, cause: messageOf(error) }, 'sessions of a runner that rests could not be moved');
        });
      }
    },
  });
  const endPlannedRecycling =
    config.runnerRecycleBytes === undefined ? undefined : planRecycling({ fleet, recycling, limitBytes: config.runnerRecycleBytes, log });
  const endTelling = tellRunner({ settings, registry, fleet, log });
  const endHelloWatch = watchForHello({ fleet, onFatal });
  registry.onChange(({ sessionId }) => {
    replication?.changed(sessionId);
  });
  const uploads = new SendUploads({ store, fleet, library: media.library });
  const sends: Sends = new Sends({
    ...{ store, commits: events, registry, fleet, history, uploads, log, onMoved },
    deadlineMs: config.sendDeadlineMs,
    queueLimit: config.sendQueueLimit,
    paceOf: (sessionId) => paceOf(settingsOf(sessionId), config.sendPace),
  });
  settings.onChange(({ sessionId }) => {
    sends.pump(sessionId);
  });
  const upkeep = historyUpkeep({
    store,
    objects,
    localDays: config.messagesLocalDays,
    retentionDays: config.messagesRetentionDays,
    log,
  });
  const backfills = [chatGaps, indexGaps].map((open) => open({ store, remote, log }));
  const sweep = eventSweep({ store, ...config.eventsRetention, log });
  const restores = replication?.isFresh === true;
  const phase: Phase = { now: restores ? 'restoring' : 'serving' };
  const fleetView = startFleetView({ fleet, registry });
  const presences = new PresenceFeed({ registry, fleet, log });
  const worker = createWorkerPort(
    {
      untoldSends: new UntoldSends(store, registry),
      chatList: new ChatList(store),
      presences,
      queries: new SessionQueries({ registry, fleet, temporaryFolder: temporaryFolder(config) }),
      ...{ registry, sessions, recycling, sends, history, fleetView, pacing, load, capacity, replication },
      events: { store, remote, log: events, media: media.view },
      settings: {
        of: settingsOf,
        change: settings.change.bind(settings),
        defaults: { markOnline: config.waAppearOnline, pace: config.sendPace, proxy: config.waProxyUrl },
      },
      reports: link?.reports,
      webhooks,
      backend: () => link?.view(),
      media,
      diskTrouble: () => store.trouble,
    },
    phase,
  );

  /** The sessions are known: take up what was going on. */
  const takeUp = async (): Promise<void> => {
    await sends.start();
    if (phase.now === 'restoring') phase.now = 'serving';
    await replication?.start();
    media.start();
    upkeep.start();
    for (const backfill of backfills) backfill.start();
    sweep.start();
    await webhooks.start();
  };
  if (!restores) {
    await replication?.confirm();
    await takeUp();
  }
  const server = createServer(worker, config, log);
  const address = await server.listen(socket);
  link?.start(address);
  if (restores) {
    replication
      .restore()
      .then(async () => {
        registry.load();
        await takeUp();
        await sessions.resume();
        link?.duties.begin(sessions);
      })
      .catch((error: unknown) => {
        if (phase.now !== 'draining') onFatal(`the sessions cannot be restored: ${messageOf(error)}`, EXIT.crash);
      });
  } else {
    await sessions.resume();
    link?.duties.begin(sessions);
  }

  const idleCheck = setInterval(() => {
    sessions.releaseIdle().catch((error: unknown) => {
      log.warn({ cause: messageOf(error) }, 'an idle runner could not be ended');
    });
  }, IDLE_CHECK_MS).unref();

  const stop = async (): Promise<void> => {
    const deadline = performance.now() + config.shutdownTimeoutMs;
    await server.handOver(config.shutdownTimeoutMs * HTTP_SHARE);
    phase.now = 'draining';
    clearInterval(idleCheck);
    const left = (): number => Math.max(1_000, deadline - performance.now() - 1_000);
    endHelloWatch();
    endTelling();
    endPlannedRecycling?.();
    presences.stop();
    sessions.stop();
    deafLadder.stop();
    pacing.throttle.stop();
    sends.stop();
    media.quiet();
    await server.close(config.shutdownTimeoutMs * HTTP_SHARE);
    // What follows the runners needs its share of the time.
    await fleet.stop(replication || link ? left() * RUNNERS_SHARE : left());
    await upkeep.stop();
    await Promise.all(backfills.map(async (backfill) => backfill.stop()));
    await media.stop(left());
    await sweep.stop();
    await webhooks.stop(Math.min(WEBHOOKS_MS, left()));
    await link?.stop(replication ? left() * REPORTS_SHARE : left());
    await replication?.stop(left());
    await readers.close();
    fleetView.stop();
    capacity.stop();
    load.stop();
    await store.close();
    lock.release();
  };
  return { address, worker, stop };
};
