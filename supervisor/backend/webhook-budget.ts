import { performance } from 'node:perf_hooks';

/** How many webhooks the backend still takes now. */
export interface WebhookBudget {
  /** Milliseconds until the next webhook may leave; 0 takes a place now. */
  take(): number;
  /** True and a place taken when the budget is more than half full: for what may as well not be sent. */
  takeSpare(): boolean;
  /** The backend said that it is over: nothing leaves for so long. */
  pause(ms: number): void;
}

/** A minute as the backend counts it, and a tenth more for requests that travel for different times. */
const WINDOW_MS = 66_000;

/**
 * @param perMinute unlimited when undefined
 * @param elapsed milliseconds that never step back
 */
export const createWebhookBudget = (perMinute: number | undefined, elapsed: () => number = () => performance.now()): WebhookBudget => {
  let left: number[] = [];
  let pausedUntil = -Infinity;
  /** Takes one of the first `places`. */
  const takeOf = (places: number): number => {
    const now = elapsed();
    const pauseMs = Math.max(0, pausedUntil - now);
    if (perMinute === undefined) return pauseMs;
    left = left.filter((at) => at > now - WINDOW_MS);
    const leaves = left[left.length - places];
    const waitMs = Math.max(pauseMs, leaves === undefined ? 0 : leaves + WINDOW_MS - now);
    if (waitMs === 0) left.push(now);
    return waitMs;
  };
  const all = perMinute ?? 0;
  return {
    take: () => takeOf(all),
    takeSpare: () => takeOf(Math.ceil(all / 2)) === 0,
    pause: (ms) => {
      pausedUntil = Math.max(pausedUntil, elapsed() + ms);
    },
  };
};
