// How many more sessions there is room for, from what was measured: pure, and with distance between its closing and its opening.
import type { MemoryUse } from '../host-load.js';

const MIB = 1024 * 1024;
/** What a runner takes before it holds any session; measured, without what processes share. */
const RUNNER_BYTES = 55 * MIB;
/** No session was ever seen to take less. */
const MIN_SESSION_BYTES = 1.5 * MIB;
/** With fewer sessions, what one takes is lost in what processes take anyway. */
const ENOUGH_SESSIONS = 10;

/** Points below the limit at which memory is enough again. */
const MEMORY_MARGIN_PERCENT = 3;
/** Between a closing for memory and the next opening. */
export const MEMORY_HOLD_MS = 30_000;
const SLOW_MS = 500;
const CALM_MS = 250;
/** Slow for so long, and nothing is taken; calm for so long, and something is. */
export const SLOW_HOLD_MS = 15_000;
export const CALM_HOLD_MS = 30_000;

export interface Measures {
  /** Milliseconds of a monotonic clock; rises. */
  at: number;
  /** Of machine or cgroup; undefined when it is not known. */
  memory: MemoryUse | undefined;
  /** Running runners, and what they take without what they share. */
  runners: number;
  runnerBytes: number;
  /** Sessions that live in them. */
  openSessions: number;
  /** Sessions that are wanted there and have yet to connect: what they will take is spoken for. */
  comingSessions: number;
  /** 99th percentile since the last measure. */
  eventLoopDelayMs: number;
}

export interface HeadroomLimits {
  memoryPercent: number;
  sessionsPerRunner: number;
}

export interface Headroom {
  /** Sessions that may be added; unbounded while memory is not known. */
  places: number;
  /** What is short; undefined while there are places. */
  shortOf: 'memory' | 'time' | undefined;
  memoryClosedAt: number | undefined;
  timeClosed: boolean;
  /** Since when the event loop has been slow while open, or calm while closed. */
  turningSince: number | undefined;
}

export const UNKNOWN_HEADROOM: Headroom = {
  places: Number.POSITIVE_INFINITY,
  shortOf: undefined,
  memoryClosedAt: undefined,
  timeClosed: false,
  turningSince: undefined,
};

export const nextHeadroom = (before: Headroom, measures: Measures, limits: HeadroomLimits): Headroom => {
  const memoryPlaces = placesInMemory(measures, limits);
  const memoryClosedAt = memoryGate(before.memoryClosedAt, memoryPlaces, measures, limits);
  const time = timeGate(before, measures);
  const places = Math.max(0, memoryPlaces - measures.comingSessions);
  if (memoryClosedAt !== undefined || places === 0) return { ...time, memoryClosedAt, places: 0, shortOf: 'memory' };
  if (time.timeClosed) return { ...time, memoryClosedAt, places: 0, shortOf: 'time' };
  return { ...time, memoryClosedAt, places, shortOf: undefined };
};

export const percentOf = ({ usedBytes, limitBytes }: MemoryUse): number => (100 * usedBytes) / limitBytes;

/** What one more session takes: its own share of what runners hold, and its part of a runner. */
export const sessionBytes = ({ runners, runnerBytes, openSessions }: Measures, { sessionsPerRunner }: HeadroomLimits): number =>
  Math.max(
    MIN_SESSION_BYTES,
    Math.max(0, runnerBytes - runners * RUNNER_BYTES) / Math.max(ENOUGH_SESSIONS, openSessions) + RUNNER_BYTES / sessionsPerRunner,
  );

const placesInMemory = (measures: Measures, limits: HeadroomLimits): number => {
  const { memory } = measures;
  if (!memory) return Number.POSITIVE_INFINITY;
  const room = (memory.limitBytes * limits.memoryPercent) / 100 - memory.usedBytes;
  return Math.max(0, Math.floor(room / sessionBytes(measures, limits)));
};

const memoryGate = (
  closedAt: number | undefined,
  places: number,
  { at, memory }: Measures,
  { memoryPercent }: HeadroomLimits,
): number | undefined => {
  if (!memory) return closedAt;
  if (closedAt === undefined) return places < 1 ? at : undefined;
  const enough = places >= 1 && percentOf(memory) <= memoryPercent - MEMORY_MARGIN_PERCENT;
  return enough && at - closedAt >= MEMORY_HOLD_MS ? undefined : closedAt;
};

const timeGate = (
  { timeClosed, turningSince }: Headroom,
  { at, eventLoopDelayMs }: Measures,
): Pick<Headroom, 'timeClosed' | 'turningSince'> => {
  const turning = timeClosed ? eventLoopDelayMs < CALM_MS : eventLoopDelayMs > SLOW_MS;
  if (!turning) return { timeClosed, turningSince: undefined };
  const since = turningSince ?? at;
  return at - since >= (timeClosed ? CALM_HOLD_MS : SLOW_HOLD_MS)
    ? { timeClosed: !timeClosed, turningSince: undefined }
    : { timeClosed, turningSince: since };
};
