// All slots: starts runners when asked, passes calls and facts, watches, ends. Knows no HTTP, no backend and no WhatsApp.
import { mkdirSync } from 'node:fs';
import type { Writable } from 'node:stream';
import PQueue from 'p-queue';
import { messageOf } from '../../shared/errors.js';
import type { CallOptions } from '../../shared/ipc/client.js';
import type {
  Beat,
  RUNNER_CALLS,
  RunnerCall,
  RunnerEventOf,
  SessionFact,
  SUPERVISOR_CALLS,
  SupervisorCall,
} from '../../shared/ipc/protocol.js';
import type { CallContext, Handlers } from '../../shared/ipc/server.js';
import type { ParamsOf, ResultOf } from '../../shared/ipc/wire.js';
import type { Logger } from '../../shared/logging.js';
import type { ProcessIdentity } from '../../shared/process-identity.js';
import { PASSED_ON } from '../../shared/runner-environment.js';
import { slotFolder } from '../data-folders.js';
import type { RunnerExit } from './exit-verdict.js';
import { createOomKillCounter } from './oom-kills.js';
import type { SlotTiming } from './runner-handle-options.js';
import { RunnerHandle } from './runner-handle.js';
import { LineSink } from './runner-output.js';
import { RunnerProcess } from './runner-process.js';
import type { FleetRunnerView } from './runner-view.js';
import { WATCHDOG_LIMITS } from './watchdog.js';

/** The handlers of one runner's calls, told which slot it fills. */
type SlotHandlers = {
  [M in SupervisorCall]: (
    slot: number,
    params: ParamsOf<typeof SUPERVISOR_CALLS, M>,
    context: CallContext,
  ) => Promise<ResultOf<typeof SUPERVISOR_CALLS, M>>;
};

export interface FleetListener {
  fact?(slot: number, incarnation: number, sessionId: string, epoch: number, fact: SessionFact): void;
  presence?(slot: number, presence: RunnerEventOf<'session.presence'>): void;
  ready?(slot: number, incarnation: number): void;
  /** It may come back; its sessions stay where they are until `exited`. */
  unresponsive?(slot: number, incarnation: number): void;
  /** The process is gone for certain: only now may its sessions live elsewhere. */
  exited?(slot: number, incarnation: number, exit: RunnerExit): void;
  beat?(slot: number, incarnation: number, beat: Beat): void;
}

export interface FleetTiming extends SlotTiming {
  helloDeadlineMs: number;
}

export interface FleetOptions {
  /** The built main file of a runner. */
  runnerMain: string;
  nodeOptions: readonly string[];
  /** Each slot's store lies in `runners/<slot>` below it. */
  dataDir: string;
  /** Only the allow-listed variables of it reach a runner. */
  environment: NodeJS.ProcessEnv;
  /** Given to every runner: WA_*, LOG_LEVEL, TMPDIR. */
  runnerVariables: Readonly<Record<string, string>>;
  maxConcurrentStarts?: number;
  maxCallsInFlight?: number;
  /** Durable before it resolves; called right after the fork, and no call goes to the runner before. */
  recordSpawn(slot: number, identity: ProcessIdentity, incarnation: number): Promise<void>;
  forgetSpawn(slot: number, identity: ProcessIdentity): Promise<void>;
  /** Awaited before each start of a slot's runner, when no other one is alive. */
  beforeStart?: (slot: number) => Promise<void>;
  handlers: SlotHandlers;
  log: Logger;
  timing?: Partial<FleetTiming>;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
  random?: () => number;
  /** New kernel OOM kills since the last call. */
  oomKills?: () => number;
  stdout?: Writable;
  execPath?: string;
}

export interface Fleet {
  /** Starts the slot's runner when it does not run; resolves when it is ready. @throws RUNNER_UNAVAILABLE, DRAINING */
  ensure(slot: number): Promise<void>;
  /** @throws RUNNER_UNAVAILABLE when the runner is not ready or ends; see `CallClient.call` for the rest */
  call<M extends RunnerCall>(
    slot: number,
    method: M,
    params: ParamsOf<typeof RUNNER_CALLS, M>,
    options?: CallOptions,
  ): Promise<ResultOf<typeof RUNNER_CALLS, M>>;
  /** Drains and ends an idle runner; it does not start again before somebody asks. */
  release(slot: number): Promise<void>;
  /** Whether the slot's runner starts again by itself after an exit. */
  keep(slot: number, wanted: boolean): void;
  /** @returns what takes the listener off again */
  on(listener: FleetListener): () => void;
  views(): FleetRunnerView[];
  /** Drains all in parallel, then SIGTERM, then SIGKILL; resolves when every process is gone. */
  stop(deadlineMs: number): Promise<void>;
}

const DEFAULT_TIMING: FleetTiming = { watchdog: WATCHDOG_LIMITS, helloDeadlineMs: 20_000, drainMs: 20_000, termMs: 3_000 };

export const createFleet = (options: FleetOptions): Fleet => {
  const { log } = options;
  const timing: FleetTiming = { ...DEFAULT_TIMING, ...options.timing };
  const handles = new Map<number, RunnerHandle>();
  const listeners = new Set<FleetListener>();
  const starts = new PQueue({ concurrency: options.maxConcurrentStarts ?? 2 });
  const stdout = new LineSink(options.stdout ?? process.stdout);
  const oomKills = options.oomKills ?? createOomKillCounter();
  const clock = options.clock ?? (() => performance.now());
  const random = options.random ?? Math.random;
  let stopped = false;

  const tell = (what: (listener: FleetListener) => void): void => {
    for (const listener of listeners) {
      try {
        what(listener);
      } catch (error) {
        log.error({ cause: messageOf(error) }, 'A listener of the fleet failed');
      }
    }
  };

  const createHandle = (slot: number): RunnerHandle => {
    const handlers = boundTo(slot, options.handlers);
    const slotLog = log.child({ runnerId: slot });
    const dataDir = slotFolder(options.dataDir, slot);
    return new RunnerHandle({
      slot,
      timing,
      clock,
      random,
      log: slotLog,
      stagger: async (start) => starts.add(start),
      records: {
        record: async (identity, incarnation) => options.recordSpawn(slot, identity, incarnation),
        forget: async (identity) => options.forgetSpawn(slot, identity),
      },
      prepare: async () => options.beforeStart?.(slot),
      spawn: (links) => {
        mkdirSync(dataDir, { recursive: true, mode: 0o700 });
        return new RunnerProcess({
          ...links,
          slot,
          runnerMain: options.runnerMain,
          nodeOptions: options.nodeOptions,
          env: runnerEnvironment(options, slot, links.incarnation, dataDir),
          execPath: options.execPath,
          helloDeadlineMs: timing.helloDeadlineMs,
          maxCallsInFlight: options.maxCallsInFlight,
          handlers,
          oomKills,
          stdout,
          log: slotLog.child({ incarnation: links.incarnation }),
        });
      },
      on: {
        fact: (incarnation, { sessionId, epoch, fact }) => {
          tell((listener) => listener.fact?.(slot, incarnation, sessionId, epoch, fact));
        },
        presence: (presence) => {
          tell((listener) => listener.presence?.(slot, presence));
        },
        beat: (incarnation, beat) => {
          tell((listener) => listener.beat?.(slot, incarnation, beat));
        },
        ready: (incarnation) => {
          tell((listener) => listener.ready?.(slot, incarnation));
        },
        unresponsive: (incarnation) => {
          tell((listener) => listener.unresponsive?.(slot, incarnation));
        },
        exited: (incarnation, exit) => {
          tell((listener) => listener.exited?.(slot, incarnation, exit));
        },
      },
    });
  };

  const handleOf = (slot: number): RunnerHandle => {
    let handle = handles.get(slot);
    if (!handle) {
      handle = createHandle(slot);
      handles.set(slot, handle);
      // One that is asked for after the stop never runs anything.
      if (stopped) void handle.stop(0);
    }
    return handle;
  };

  const watchdog = setInterval(() => {
    for (const handle of handles.values()) handle.checkLiveness();
  }, timing.watchdog.checkEveryMs).unref();

  return {
    ensure: async (slot) => handleOf(slot).ensure(),
    call: async (slot, method, params, callOptions) => handleOf(slot).call(method, params, callOptions),
    release: async (slot) => handleOf(slot).release(),
    keep: (slot, wanted) => {
      handleOf(slot).keep(wanted);
    },
    on: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    views: () => [...handles.values()].map((handle) => handle.view()).sort((a, b) => a.slot - b.slot),
    stop: async (deadlineMs) => {
      stopped = true;
      await Promise.all([...handles.values()].map(async (handle) => handle.stop(deadlineMs)));
      clearInterval(watchdog);
    },
  };
};

const boundTo = (slot: number, handlers: SlotHandlers): Handlers<typeof SUPERVISOR_CALLS> => ({
  'spool.commit': async (params, context) => handlers['spool.commit'](slot, params, context),
  'connect.turn': async (params, context) => handlers['connect.turn'](slot, params, context),
});

const runnerEnvironment = (
  { environment, runnerVariables }: FleetOptions,
  slot: number,
  incarnation: number,
  dataDir: string,
): NodeJS.ProcessEnv => ({
  ...Object.fromEntries(PASSED_ON.filter((name) => environment[name] !== undefined).map((name) => [name, environment[name]])),
  ...runnerVariables,
  RUNNER_SLOT: String(slot),
  RUNNER_INCARNATION: String(incarnation),
  RUNNER_DATA_DIR: dataDir,
});
