// Judges by its beats whether a runner still responds. Pure: times are milliseconds of one monotonic clock.
import { BEAT_INTERVAL_MS } from '../../shared/ipc/protocol.js';

export interface WatchdogLimits {
  /** How often `check` is meant to be called. */
  checkEveryMs: number;
  warnAfterMs: number;
  unresponsiveAfterMs: number;
  /** From unresponsive on: a stopped process ignores SIGTERM. */
  killAfterMs: number;
}

export const WATCHDOG_LIMITS: WatchdogLimits = {
  checkEveryMs: BEAT_INTERVAL_MS / 2,
  warnAfterMs: 3 * BEAT_INTERVAL_MS,
  unresponsiveAfterMs: 5 * BEAT_INTERVAL_MS,
  // One that still can ends at once; every further second of one that cannot is its sessions' and, if it loops, everybody's.
  killAfterMs: 1_000,
};

/** In the order they are reached: `term` and `kill` name the signal that is due. */
export type Liveness = 'ok' | 'warn' | 'term' | 'kill';

export interface Watch {
  readonly lastBeatAt: number;
  readonly checkedAt: number;
  readonly liveness: Liveness;
}

export const startWatch = (now: number): Watch => ({ lastBeatAt: now, checkedAt: now, liveness: 'ok' });

export const afterBeat = (watch: Watch, now: number): Watch => ({ ...watch, lastBeatAt: now, liveness: 'ok' });

/** A check that comes late means this process paused, not the runner: beats may wait unread, so that time is not held against it. */
export const check = (watch: Watch, now: number, limits: WatchdogLimits): Watch => {
  const late = Math.max(0, now - watch.checkedAt - limits.checkEveryMs);
  const lastBeatAt = Math.min(now, watch.lastBeatAt + late);
  return { lastBeatAt, checkedAt: now, liveness: livenessAfter(now - lastBeatAt, limits) };
};

const livenessAfter = (silentMs: number, { warnAfterMs, unresponsiveAfterMs, killAfterMs }: WatchdogLimits): Liveness => {
  if (silentMs >= unresponsiveAfterMs + killAfterMs) return 'kill';
  if (silentMs >= unresponsiveAfterMs) return 'term';
  return silentMs >= warnAfterMs ? 'warn' : 'ok';
};
