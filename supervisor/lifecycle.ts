// The order in which the worker comes up and goes down.
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AppError, messageOf } from '../shared/errors.js';
import type { SpoolRecord } from '../shared/ipc/protocol.js';
import type { Logger } from '../shared/logging.js';
import type { ProcessIdentity } from '../shared/process-identity.js';
import type { Store } from '../shared/store/store.js';
import type { Config } from './config.js';
import { lockDataDir } from './data-dir-lock.js';
import { createFleet, type Fleet } from './fleet/fleet.js';
import { killLeftovers } from './fleet/leftovers.js';
import { startHostLoad, type HostLoad } from './host-load.js';
import { createServer } from './http/server.js';
import { History } from './messages/history.js';
import { Sends } from './messages/sends.js';
import { takeSpool } from './messages/take-spool.js';
import { ConnectThrottle } from './placement/connect-throttle.js';
import { PlacedSessions } from './placement/placed-sessions.js';
import { Registry } from './placement/registry.js';
import { openSupervisorStore, TABLES } from './supervisor-store.js';
import type { RunnerView, Worker } from './worker.js';

const RUNNER_MAIN = fileURLToPath(new URL('../session-runner/main.js', import.meta.url));
/** A runner without work is ended after one to two of these. */
const IDLE_CHECK_MS = 30_000;
/** Share of the shutdown time for running HTTP requests; the rest is the runners'. */
const HTTP_SHARE = 0.2;

export interface RunningWorker {
  /** Where the API listens. */
  address: { host: string; port: number };
  /** Takes no new work, detaches every session, commits, ends the runners; resolves within the shutdown time. */
  stop(): Promise<void>;
}

/** @param onFatal called when the worker cannot go on: its data folder was taken by another supervisor */
export const startWorker = async (config: Config, log: Logger, onFatal: (why: string) => void): Promise<RunningWorker> => {
  const lock = await lockDataDir(config.dataDir, {
    onLost: () => {
      onFatal('another supervisor took the data folder');
    },
  });
  const store = await openSupervisorStore(join(config.dataDir, 'supervisor'));
  await endLeftovers(store, log);

  const registry = new Registry(store, log);
  const history = new History(store);
  const fleet = createFleet({
    runnerMain: RUNNER_MAIN,
    nodeOptions: config.runnerNodeOptions,
    dataDir: config.dataDir,
    environment: process.env,
    runnerVariables: runnerVariables(config),
    recordSpawn: async (slot, identity) => store.commit([{ table: TABLES.spawns, key: [slot, identity.pid], value: identity }]),
    forgetSpawn: async (slot, identity) => store.commit([{ table: TABLES.spawns, key: [slot, identity.pid], value: undefined }]),
    handlers: { 'spool.commit': async (_slot, { records }) => commitSpool(records) },
    log,
  });
  const commitSpool = async (records: SpoolRecord[]): Promise<Record<string, never>> => {
    await takeSpool({ store, history, registry }, records);
    return {};
  };
  const throttle = new ConnectThrottle({ ratePerSecond: config.connectRatePerSecond });
  const sessions = new PlacedSessions({
    registry,
    store,
    fleet,
    throttle,
    log,
    maxSessions: config.maxSessions,
    maxSessionsPerRunner: config.runnerMaxSessions,
  });
  fleet.on({
    fact: (_slot, _incarnation, sessionId, epoch, fact) => {
      sessions.onFact(sessionId, epoch, fact);
    },
    ready: (slot) => {
      sessions.onRunnerReady(slot);
    },
    exited: (slot) => {
      sessions.onRunnerExited(slot);
    },
  });
  const sends = new Sends({ store, registry, fleet, history, log, deadlineMs: config.sendDeadlineMs });
  const load = startHostLoad(log);
  let draining = false;
  const refuseWhenDraining = (): void => {
    if (draining) throw new AppError('DRAINING', 'The worker is stopping; try again in a moment.', { retryAfterSeconds: 5 });
  };
  const worker: Worker = {
    sessions: guarded(sessions, refuseWhenDraining),
    messages: {
      send: async (request) => {
        refuseWhenDraining();
        return sends.send(request);
      },
      page: (sessionId, range) => {
        registry.get(sessionId);
        return history.page(sessionId, range);
      },
    },
    runners: () => runnerViews(fleet, registry),
    health: () => health(config, registry, load),
    readiness: () => ({
      ready: !draining,
      details: {
        draining,
        sessions: registry.size,
        sessionsAway: sessions.away,
        connectsWaiting: throttle.waiting,
        sendsWaiting: sends.waiting,
      },
    }),
  };

  await sends.start();
  const server = createServer(worker, config, log);
  const address = await server.listen();
  await sessions.resume();

  const idleCheck = setInterval(() => {
    sessions.releaseIdle().catch((error: unknown) => {
      log.warn({ cause: messageOf(error) }, 'an idle runner could not be ended');
    });
  }, IDLE_CHECK_MS).unref();

  const stop = async (): Promise<void> => {
    draining = true;
    clearInterval(idleCheck);
    const deadline = performance.now() + config.shutdownTimeoutMs;
    sessions.stop();
    throttle.stop();
    sends.stop();
    await server.close(config.shutdownTimeoutMs * HTTP_SHARE);
    await fleet.stop(Math.max(1_000, deadline - performance.now() - 1_000));
    load.stop();
    await store.close();
    lock.release();
  };
  return { address, stop };
};

/** Runners of a supervisor that was killed end by themselves, unless they are stopped or stuck; none may live on beside a new owner. */
const endLeftovers = async (store: Store, log: Logger): Promise<void> => {
  const spawns = [...store.range<ProcessIdentity>(TABLES.spawns)];
  const ended = await killLeftovers(spawns.map(({ value }) => value));
  if (ended.length > 0) log.warn({ pids: ended }, 'runners of an earlier supervisor were still there and have been ended');
  await store.commit(spawns.map(({ key }) => ({ table: TABLES.spawns, key, value: undefined })));
};

const runnerVariables = (config: Config): Record<string, string> => {
  // Baileys writes media to the temporary folder; a crash leaves it there.
  const temporary = join(config.dataDir, 'tmp');
  try {
    rmSync(temporary, { recursive: true, force: true });
    mkdirSync(temporary, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new Error(`the temporary folder ${temporary} cannot be made: ${messageOf(error)}`, { cause: error });
  }
  return {
    TMPDIR: temporary,
    LOG_LEVEL: config.logLevel,
    WA_APPEAR_ONLINE: String(config.waAppearOnline),
    ...(config.waWebsocketUrl !== undefined && { WA_WEBSOCKET_URL: config.waWebsocketUrl }),
    ...(config.waVersion !== undefined && { WA_VERSION: config.waVersion }),
  };
};

/** Reading goes on while the worker drains; changing anything does not. */
const guarded = (sessions: PlacedSessions, check: () => void): Worker['sessions'] => {
  const unlessDraining =
    <A extends unknown[], R>(change: (...args: A) => Promise<R>) =>
    async (...args: A): Promise<R> => {
      check();
      return change(...args);
    };
  return {
    list: () => sessions.list(),
    get: (sessionId) => sessions.get(sessionId),
    create: unlessDraining(async (input) => sessions.create(input)),
    connect: unlessDraining(async (sessionId) => sessions.connect(sessionId)),
    pairingCode: unlessDraining(async (sessionId, phoneNumber) => sessions.pairingCode(sessionId, phoneNumber)),
    disconnect: unlessDraining(async (sessionId) => sessions.disconnect(sessionId)),
    restart: unlessDraining(async (sessionId) => sessions.restart(sessionId)),
    logout: unlessDraining(async (sessionId) => sessions.logout(sessionId)),
    delete: unlessDraining(async (sessionId) => sessions.delete(sessionId)),
  };
};

const runnerViews = (fleet: Fleet, registry: Registry): RunnerView[] =>
  fleet.views().map((view) => ({ ...view, sessions: registry.rows().filter(({ slot }) => slot === view.slot).length }));

const health = (config: Config, registry: Registry, load: HostLoad): ReturnType<Worker['health']> => {
  const { cpuPercent, memoryPercent } = load.current();
  return {
    status: 'online',
    sessionCount: registry.size,
    cpuUsage: cpuPercent,
    memoryUsage: memoryPercent,
    uptime: Math.floor(process.uptime()),
    maxSessions: config.maxSessions,
  };
};
