import { createHash } from 'node:crypto';
import type { Outgoing } from '../../shared/domain/outgoing.js';
import { AppError, type ErrorCode } from '../../shared/errors.js';
import { fewRandomBytes } from '../../shared/random-bytes.js';
import type { Intent, SessionRow } from '../supervisor-store.js';
import type { SendRequest } from '../worker.js';

/** Failures after which the same message, under the same id, is tried again as soon as the session is connected. */
const TRY_AGAIN: ReadonlySet<ErrorCode> = new Set([
  'RUNNER_UNAVAILABLE',
  'DEADLINE_EXCEEDED',
  'SESSION_NOT_CONNECTED',
  'BUSY',
  'DRAINING',
  'STORAGE_UNAVAILABLE',
]);
const MAX_UNEXPLAINED_FAILURES = 3;

/** What WhatsApp answers for the moment: the message did not go out, and may a little later. */
const NOT_NOW: ReadonlySet<ErrorCode> = new Set(['RATE_LIMITED', 'WHATSAPP_UNAVAILABLE']);
const MAX_NOT_NOW = 5;
const NOT_NOW_MS = 2_000;
/** Of these WhatsApp itself said that it did not take the message. */
const NOT_TAKEN: ReadonlySet<ErrorCode> = new Set([...NOT_NOW, 'REACH_OUT_LIMITED']);

export const wasNotTaken = (code: ErrorCode): boolean => NOT_TAKEN.has(code);

/** Milliseconds in which nothing more of the session should be sent after this failure, the `failures`th of the message. */
export const restAfter = (code: ErrorCode, failures: number): number => (NOT_NOW.has(code) ? NOT_NOW_MS * 2 ** failures : 0);

const FIRST_UPLOAD_REST_MS = 1_000;
const LONGEST_UPLOAD_REST_MS = 60_000;

/** Milliseconds until a file is uploaded again that was not the last `failures` times. */
export const uploadRestAfter = (failures: number): number => Math.min(FIRST_UPLOAD_REST_MS * 2 ** (failures - 1), LONGEST_UPLOAD_REST_MS);

/** Whether the same message should be tried again, under the same id, after having failed `failures` times, now with `code`. */
export const isWorthAnotherTry = (code: ErrorCode, failures: number): boolean =>
  TRY_AGAIN.has(code) || (NOT_NOW.has(code) && failures < MAX_NOT_NOW) || (code === 'INTERNAL' && failures < MAX_UNEXPLAINED_FAILURES);

/** Nobody knows yet whether it went out. Only with a key is asking again safe; without one, a repeat would be another message. */
export const stillBeingSent = ({ messageId, idempotencyKey }: Intent, code: 'DRAINING' | 'DEADLINE_EXCEEDED'): AppError => {
  const details = { messageId };
  if (idempotencyKey === undefined) {
    const advice = 'it is still being sent. Use an idempotency key to be able to ask again safely.';
    return new AppError('OUTCOME_UNKNOWN', `WhatsApp has not confirmed the message yet; ${advice}`, { details });
  }
  const advice = 'repeat the request with the same key to learn the outcome.';
  return new AppError(code, `WhatsApp has not confirmed the message yet; ${advice}`, { details, retryAfterSeconds: 5 });
};

/** It was never handed over, and will be. */
export const stillWaits = ({ messageId }: Intent, code: 'DRAINING' | 'DEADLINE_EXCEEDED'): AppError =>
  new AppError(code, 'The message waits in the queue and is sent in its turn; repeat the request with the same key to learn the outcome.', {
    details: { messageId },
    retryAfterSeconds: 5,
  });

/** A send that could not be completed in this time is given up; nobody wants last week's message to arrive. */
export const INTENT_LIFE_MS = 24 * 60 * 60_000;

/** Share of a client's time that a message may spend in the queue; the rest is for sending it. */
const WAITING_SHARE = 0.75;

/** Whether one send more can be taken. `waitMs`: until its turn; `withinMs`: how long its client waits, if one does. */
export const assertHasRoom = (wish: { queued: number; limit: number; waitMs: number; withinMs: number | undefined }): void => {
  const { queued, limit, waitMs, withinMs } = wish;
  if (queued >= limit) {
    throw new AppError('QUEUE_FULL', `${limit} messages of this session wait already.`, { retryAfterSeconds: 5 });
  }
  const patienceMs = (withinMs ?? Infinity) * WAITING_SHARE;
  if (waitMs > patienceMs) {
    const details = { waitSeconds: Math.ceil(waitMs / 1000) };
    const advice = 'nothing was accepted. Send it asynchronously to have it wait for its turn.';
    throw new AppError('RATE_LIMITED', `At the pace of this session the message could not be sent in time; ${advice}`, {
      ...{ details, retryAfterSeconds: (waitMs - patienceMs) / 1000 },
    });
  }
  if (waitMs >= INTENT_LIFE_MS) {
    throw new AppError('QUEUE_FULL', 'At the pace of this session the message could not be sent within a day.', {
      retryAfterSeconds: (waitMs - INTENT_LIFE_MS) / 1000 + 1,
    });
  }
};

export const asAppError = (error: unknown): AppError =>
  error instanceof AppError ? error : new AppError('INTERNAL', 'The message could not be sent.', { cause: error });

/** See `Outgoing.secret`. */
export const newSecret = (): string => fewRandomBytes(32).toString('base64');

/** What a runner is given of an intent. */
export const outgoingOf = ({ messageId, to, content, references = {}, secret = newSecret(), createdAt, uploaded }: Intent): Outgoing => ({
  messageId,
  to,
  content,
  references,
  secret,
  createdAt,
  ...(uploaded && { uploaded }),
});

/** As WhatsApp's own clients make them: random, so no two ever meet. */
export const newMessageId = (): string => `3EB0${fewRandomBytes(9).toString('hex').toUpperCase()}`;

export const fingerprintOf = ({ to, content, wish }: SendRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([to, wish ?? content]))
    .digest('base64');

const loggedOut = (): AppError =>
  new AppError('SESSION_LOGGED_OUT', 'The session is logged out; connect it and pair it with a phone again.');

/** Whoever was paired is expected back. */
export const assertCanQueue = ({ state, paired }: Readonly<SessionRow>): void => {
  if (state === 'logged_out') throw loggedOut();
  if (!paired) throw new AppError('SESSION_NOT_CONNECTED', 'The session was never connected to WhatsApp; pair it with a phone first.');
};

/** A session that is on its way back may take sends; one that nobody connects may not. */
export const assertCanSend = ({ state, everConnected }: Readonly<SessionRow>): void => {
  if (state === 'connected' || state === 'reconnecting' || (state === 'connecting' && everConnected)) return;
  if (state === 'logged_out') throw loggedOut();
  throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected to WhatsApp.');
};
