// When a runner has grown so far that its sessions should move to a fresh one. Pure: times are milliseconds of any one clock.
import { BEAT_INTERVAL_MS } from '../../shared/ipc/protocol.js';
import type { FleetRunnerView } from './runner-view.js';

export const RECYCLE_LIMITS = {
  /** Beats in a row above the limit: half a minute, so that a burst of work is no growth. */
  beats: 30_000 / BEAT_INTERVAL_MS,
  /** Between two recycles of this worker. */
  pauseMs: 10 * 60_000,
  /** A younger runner that is above the limit is one that needs so much. */
  minAgeMs: 30 * 60_000,
} as const;

/** What the beats of a runner told. */
export interface Growth {
  readonly incarnation: number;
  /** Of its first beat. */
  readonly since: number;
  /** How many of the last beats in a row were above the limit. */
  readonly above: number;
}

export const afterBeat = (
  before: Growth | undefined,
  { incarnation, anonymousBytes, at }: { incarnation: number; anonymousBytes: number; at: number },
  limitBytes: number,
): Growth => {
  const known = before?.incarnation === incarnation ? before : { incarnation, since: at, above: 0 };
  return { ...known, above: anonymousBytes > limitBytes ? known.above + 1 : 0 };
};

export type RecycleCandidate = Pick<FleetRunnerView, 'slot' | 'state' | 'incarnation' | 'quarantined'> & { growth: Growth | undefined };

/**
 * The slot whose runner is to be recycled now; undefined when none is, or when it is no time for it.
 * @param lastAt when the last recycle began, or was tried
 */
export const dueForRecycle = (runners: readonly RecycleCandidate[], at: number, lastAt: number | undefined): number | undefined => {
  if (lastAt !== undefined && at - lastAt < RECYCLE_LIMITS.pauseMs) return undefined;
  const troubled = runners.some(({ state, quarantined }) => quarantined || (state !== 'ready' && state !== 'idle'));
  if (troubled) return undefined;
  const due = runners.filter(
    ({ state, incarnation, growth }) =>
      state === 'ready' &&
      growth?.incarnation === incarnation &&
      growth.above >= RECYCLE_LIMITS.beats &&
      at - growth.since >= RECYCLE_LIMITS.minAgeMs,
  );
  return due.toSorted((one, other) => (one.growth?.since ?? 0) - (other.growth?.since ?? 0))[0]?.slot;
};
