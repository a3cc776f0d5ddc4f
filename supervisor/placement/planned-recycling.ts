import { AppError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import { afterBeat, dueForRecycle, type Growth } from '../fleet/recycle-policy.js';
import type { Recycling } from './recycling.js';

export interface PlannedRecyclingOptions {
  fleet: Pick<Fleet, 'views' | 'on'>;
  recycling: Pick<Recycling, 'begin' | 'isRunning' | 'takes'>;
  /** Memory of a runner that no file holds, from which on it is recycled. */
  limitBytes: number;
  log: Logger;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
}

/** Watches the beats and begins a recycle when the policy says so. @returns what ends it */
export const planRecycling = ({
  fleet,
  recycling,
  limitBytes,
  log,
  clock = () => performance.now(),
}: PlannedRecyclingOptions): (() => void) => {
  const growths = new Map<number, Growth>();
  let lastAt: number | undefined;
  return fleet.on({
    exited: (slot) => {
      growths.delete(slot);
    },
    beat: (slot, incarnation, { anonymousBytes }) => {
      const at = clock();
      growths.set(slot, afterBeat(growths.get(slot), { incarnation, anonymousBytes, at }, limitBytes));
      if (recycling.isRunning) return;
      const views = fleet.views().filter((view) => recycling.takes(view.slot));
      const due = dueForRecycle(
        views.map((view) => ({ ...view, growth: growths.get(view.slot) })),
        at,
        lastAt,
      );
      if (due === undefined) return;
      lastAt = at;
      try {
        const { target, sessions } = recycling.begin(due);
        log.info({ slot: due, target, sessions, anonymousBytes, limitBytes }, 'a runner has grown above RUNNER_RECYCLE_MB and is recycled');
      } catch (error) {
        if (!(error instanceof AppError)) throw error;
        log.warn(
          { slot: due, anonymousBytes, limitBytes, code: error.code },
          `a runner has grown and cannot be recycled now: ${error.message}`,
        );
      }
    },
  });
};
