// What follows from a download that did not succeed.
import { backoffDelay } from '../../shared/backoff.js';
import type { MediaFailureReason } from '../../shared/domain/media.js';
import { AppError } from '../../shared/errors.js';
import type { MediaJob } from '../supervisor-store.js';

/** Again at `dueAt` (Unix milliseconds), or never by itself. */
export type Verdict = { job: MediaJob } | { reason: MediaFailureReason };

/** Downloads that count before one is given up. */
const MOST_ATTEMPTS: Readonly<Record<MediaFailureReason, number>> = {
  gone: 1,
  too_large: 1,
  unreadable: 1,
  // On its way rather than at its source: WhatsApp checks what it takes.
  damaged: 3,
  unreachable: 10,
  // Somebody makes room.
  disk: Infinity,
};
const PAUSE = { baseMs: 2_000, maxMs: 15 * 60_000 };
/** Nothing was tried, so nothing is learned from it. */
const UNTRIED: ReadonlySet<string> = new Set(['SESSION_NOT_CONNECTED', 'BUSY', 'DRAINING']);
const UNTRIED_PAUSE_MS = 2_000;

export const afterFailure = (attempts: number, reason: MediaFailureReason, now: number, random: number): Verdict =>
  attempts >= MOST_ATTEMPTS[reason] ? { reason } : { job: { attempts, dueAt: now + backoffDelay(attempts - 1, PAUSE, random) } };

/** The runner gave no answer: a file that ends its runner whenever it is downloaded must not do so for ever. */
export const afterNoAnswer = (attempts: number, error: unknown, now: number, random: number): Verdict =>
  error instanceof AppError && UNTRIED.has(error.code)
    ? { job: { attempts: attempts - 1, dueAt: now + UNTRIED_PAUSE_MS } }
    : afterFailure(attempts, error instanceof AppError && error.code === 'STORAGE_UNAVAILABLE' ? 'disk' : 'unreachable', now, random);
