import { backoffDelay, type BackoffOptions } from '../../shared/backoff.js';

/** Why nothing is sent: the backend does not answer as it should, does not take this worker, or refuses session after session. */
type Cause = 'failing' | 'unauthorized' | 'streak';

const REFUSED = { baseMs: 5_000, maxMs: 5 * 60_000 };
const PAUSES: Record<Cause, BackoffOptions> = { failing: { baseMs: 500, maxMs: 30_000 }, unauthorized: REFUSED, streak: REFUSED };
/** So many failures in a row, over at least so many sessions, are the backend's and not a report's. */
const FAILURES = 3;
const SESSIONS = 2;

/** Stops everything while the backend is away; then one report tries for all. Times are milliseconds of one clock. */
export class Breaker {
  #open: { cause: Cause; sentence: string; attempt: number; dueAt: number } | undefined;
  /** Sessions of the failures since the last success. */
  #failed: string[] = [];
  #closedAt = -Infinity;

  get cause(): Cause | undefined {
    return this.#open?.cause;
  }

  /** What keeps it open. */
  get sentence(): string | undefined {
    return this.#open?.sentence;
  }

  /** Until the next report may leave; 0 also while it is closed. */
  waitMs(now: number): number {
    return this.#open ? Math.max(0, this.#open.dueAt - now) : 0;
  }

  /** When it was closed last; what left before and comes to nothing only now is no news. */
  get closedAt(): number {
    return this.#closedAt;
  }

  /** @returns whether it was open until now */
  success(now: number): boolean {
    const wasOpen = this.#open !== undefined;
    if (wasOpen) this.#closedAt = now;
    this.#open = undefined;
    this.#failed = [];
    return wasOpen;
  }

  /** A failure that may be the fault of one report. @returns whether it opened the breaker */
  failure(sessionId: string, sentence: string, now: number, random: number): boolean {
    this.#failed = [...this.#failed, sessionId].slice(-FAILURES);
    if (this.#open || this.#failed.length < FAILURES || new Set(this.#failed).size < SESSIONS) return false;
    return this.trip('failing', sentence, now, random);
  }

  /**
   * Opens it, whoever it was.
   * @param atLeastMs what the backend asked for
   * @returns false when it was open for this cause already; then only the time the backend asked for counts
   */
  trip(cause: Cause, sentence: string, now: number, random: number, atLeastMs = 0): boolean {
    const before = this.#open;
    if (before?.cause === cause) {
      before.dueAt = Math.max(before.dueAt, now + atLeastMs);
      return false;
    }
    this.#open = { cause, sentence, attempt: 0, dueAt: now + Math.max(atLeastMs, backoffDelay(0, PAUSES[cause], random)) };
    return true;
  }

  /** The report that tried for all came to nothing, or could not even leave. */
  retryLater(sentence: string, now: number, random: number, atLeastMs = 0): void {
    if (!this.#open) return;
    const attempt = this.#open.attempt + 1;
    const pauseMs = Math.max(atLeastMs, backoffDelay(attempt, PAUSES[this.#open.cause], random));
    this.#open = { ...this.#open, sentence, attempt, dueAt: now + pauseMs };
  }

  /** Something says that the next try need not wait. */
  hurry(now: number): void {
    if (this.#open) this.#open.dueAt = Math.min(this.#open.dueAt, now);
  }
}
