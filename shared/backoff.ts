export interface BackoffOptions {
  baseMs: number;
  maxMs: number;
  /** Growth per attempt; 2 doubles. */
  factor?: number;
}

/**
 * Milliseconds to wait before attempt `attempt` (0 is the first retry): exponential, capped at `maxMs`, jittered to
 * 50–100 % so that many waiters spread out. `random` is a number in [0, 1).
 */
export const backoffDelay = (attempt: number, { baseMs, maxMs, factor = 2 }: BackoffOptions, random: number): number => {
  const ceiling = Math.min(maxMs, baseMs * factor ** Math.min(attempt, 64));
  return Math.round(ceiling * (0.5 + random / 2));
};
