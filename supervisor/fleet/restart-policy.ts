// When a runner that ended starts again. Pure: times are milliseconds of any one clock, `random` is a number in [0, 1).
import { backoffDelay } from '../../shared/backoff.js';
import type { Verdict } from './exit-verdict.js';

export interface RestartHistory {
  /** Times of the failures within the window. */
  readonly failures: readonly number[];
  /** Failures in a row without a stable run between them. */
  readonly attempt: number;
  /** Quarantines in a row; the start after one is half-open: a failure goes straight back. */
  readonly quarantines: number;
}

export const NO_HISTORY: RestartHistory = { failures: [], attempt: 0, quarantines: 0 };

export interface EndedRun {
  verdict: Verdict;
  at: number;
  /** When it became ready; undefined when it never did. */
  readySince: number | undefined;
}

export interface RestartDecision {
  history: RestartHistory;
  /** `wait` may be 0: at once. `never`: not before somebody asks. */
  action: 'wait' | 'quarantine' | 'never';
  delayMs: number;
}

export const RESTART_LIMITS = {
  /** A run this long wipes the slate. */
  stableMs: 60_000,
  windowMs: 60_000,
  failuresInWindow: 5,
  /** After the first failure of all that count: its sessions have waited long enough by the start of a process alone. */
  firstMs: 100,
  /** After those that follow. Jitter takes up to half of it, so the second wait is 0.5–1 s. */
  backoff: { baseMs: 1_000, maxMs: 30_000 },
  quarantineMs: 60_000,
  maxQuarantineMs: 15 * 60_000,
} as const;

export const afterExit = (before: RestartHistory, { verdict, at, readySince }: EndedRun, random: number): RestartDecision => {
  const limits = RESTART_LIMITS;
  const history = readySince !== undefined && at - readySince >= limits.stableMs ? NO_HISTORY : before;
  if (verdict === 'killed') return { history, action: 'wait', delayMs: 0 };
  if (verdict === 'config') return { history, action: 'never', delayMs: 0 };

  // An unasked clean exit counts too, or a runner that always leaves politely would be started in a tight loop.
  const failures = [...history.failures.filter((time) => at - time < limits.windowMs), at];
  if (failures.length >= limits.failuresInWindow || history.quarantines > 0) {
    const delayMs = Math.min(limits.maxQuarantineMs, limits.quarantineMs * 2 ** Math.min(history.quarantines, 10));
    return { history: { failures: [], attempt: 0, quarantines: history.quarantines + 1 }, action: 'quarantine', delayMs };
  }
  return {
    history: { ...history, failures, attempt: history.attempt + 1 },
    action: 'wait',
    delayMs: waitAfter(history.attempt, random),
  };
};

/** @param attempt failures in a row before this one */
const waitAfter = (attempt: number, random: number): number => {
  const { firstMs, backoff } = RESTART_LIMITS;
  return attempt === 0 ? backoffDelay(0, { baseMs: firstMs, maxMs: firstMs }, random) : backoffDelay(attempt - 1, backoff, random);
};
