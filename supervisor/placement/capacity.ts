// Measures what the sessions take, and says how many more there is room for.
import { readFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { messageOf } from '../../shared/errors.js';
import type { Beat } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import type { HostLoad } from '../host-load.js';
import { nextHeadroom, percentOf, UNKNOWN_HEADROOM, type Headroom, type Measures } from './headroom.js';
import type { Registry } from './registry.js';

export interface CapacityOptions {
  registry: Registry;
  fleet: Pick<Fleet, 'views'>;
  /** Gives the rhythm, too. */
  load: HostLoad;
  log: Logger;
  /** WORKER_MAX_SESSIONS */
  maxSessions: number;
  memoryPercent: number;
  sessionsPerRunner: number;
  /** What is decided from; the machine unless given. */
  measure?: () => Promise<Measures>;
}

export interface Capacity {
  /** Sessions this worker can hold as things are: those it has and those there is room for, never more than configured. */
  maxSessions(): number;
  /** Sentence saying why no session can be added although more are configured. */
  shortage(): string | undefined;
  /** The same, when it is memory that is short. */
  memoryShortage(): string | undefined;
  stop(): void;
}

/** Samples in the background and never keeps the process alive. */
export const startCapacity = (options: CapacityOptions): Capacity => {
  const { registry, log, load, memoryPercent, sessionsPerRunner } = options;
  const probe = options.measure ? { measure: options.measure, stop: () => undefined } : createProbe(options);
  let headroom: Headroom = UNKNOWN_HEADROOM;
  let measures: Measures | undefined;
  let sizeThen = registry.size;
  let sampling = false;

  const sample = async (): Promise<void> => {
    if (sampling) return;
    sampling = true;
    try {
      measures = await probe.measure();
      sizeThen = registry.size;
      const before = headroom.shortOf;
      headroom = nextHeadroom(headroom, measures, { memoryPercent, sessionsPerRunner });
      if (headroom.shortOf !== undefined && headroom.shortOf !== before) log.warn(sentence(headroom.shortOf));
      else if (before !== undefined && headroom.shortOf === undefined)
        log.info({ places: headroom.places }, 'there is room for sessions again');
    } catch (error) {
      log.debug({ cause: messageOf(error) }, 'the room for sessions could not be measured');
    } finally {
      sampling = false;
    }
  };
  /** Sessions added since the last sample do not show in it yet. */
  const places = (): number => Math.max(0, headroom.places - Math.max(0, registry.size - sizeThen));
  const sentence = (shortOf: Headroom['shortOf']): string => {
    if (shortOf === 'time') {
      return `This worker takes no more sessions for now: it is too busy, its work waits for ${Math.round(measures?.eventLoopDelayMs ?? 0)} ms.`;
    }
    const memory = measures?.memory;
    const used = memory ? ` at ${percentOf(memory).toFixed(1)} %` : '';
    return `This worker takes no more sessions for now: memory is${used}, and new sessions need it below ${memoryPercent} % (CAPACITY_MEMORY_PERCENT).`;
  };

  const stopListening = load.onSample(() => void sample());
  return {
    maxSessions: () => {
      const total = registry.rows().filter(({ deleting }) => !deleting).length;
      return Math.min(options.maxSessions, total + places());
    },
    shortage: () => (places() >= 1 ? undefined : sentence(headroom.shortOf)),
    memoryShortage: () => (headroom.shortOf === 'memory' ? sentence('memory') : undefined),
    stop: () => {
      stopListening();
      probe.stop();
    },
  };
};

interface Probe {
  measure: () => Promise<Measures>;
  stop: () => void;
}

const createProbe = ({ registry, fleet, load }: CapacityOptions): Probe => {
  const eventLoop = monitorEventLoopDelay({ resolution: 20 });
  eventLoop.enable();
  return {
    measure: async () => {
      const ownDelayMs = eventLoop.percentile(99) / 1e6;
      eventLoop.reset();
      const running = fleet.views().filter(({ pid, state }) => pid !== undefined && state !== 'starting');
      const bytes = await Promise.all(running.map(async ({ pid }) => (pid === undefined ? 0 : privateBytes(pid))));
      const rows = registry.rows().filter(({ deleting, desired }) => !deleting && desired === 'connected');
      const openSessions = rows.filter(({ state }) => state === 'connected' || state === 'qr_required').length;
      return {
        at: performance.now(),
        memory: load.current().memory,
        runners: running.length,
        runnerBytes: bytes.reduce((sum, each) => sum + each, 0),
        openSessions,
        comingSessions: rows.length - openSessions,
        eventLoopDelayMs: Math.max(
          ownDelayMs,
          delayOfRunners(running.flatMap(({ state, beat }) => (state === 'ready' && beat ? [beat] : []))),
        ),
      };
    },
    stop: () => eventLoop.disable(),
  };
};

/** The lower median: one runner with a busy session does not shut the others' doors. */
const delayOfRunners = (beats: readonly Beat[]): number => {
  const delays = beats.map(({ eventLoopDelayP99Ms }) => eventLoopDelayP99Ms).toSorted((a, b) => a - b);
  return delays[Math.floor((delays.length - 1) / 2)] ?? 0;
};

/** Memory of a process that no other shares; files it has mapped, such as its store, can be given back. */
const privateBytes = async (pid: number): Promise<number> => {
  try {
    return 1_024 * Number(/^RssAnon:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
  } catch {
    // It ended meanwhile.
    return 0;
  }
};
