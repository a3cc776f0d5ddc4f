import { createHash, randomBytes } from 'node:crypto';
import type { Outgoing } from '../../shared/domain/outgoing.js';
import { AppError, type ErrorCode } from '../../shared/errors.js';
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

/** Whether the same message should be tried again, under the same id, after having failed `failures` times, now with `code`. */
export const isWorthAnotherTry = (code: ErrorCode, failures: number): boolean =>
  TRY_AGAIN.has(code) || (code === 'INTERNAL' && failures < MAX_UNEXPLAINED_FAILURES);

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

export const asAppError = (error: unknown): AppError =>
  error instanceof AppError ? error : new AppError('INTERNAL', 'The message could not be sent.', { cause: error });

/** See `Outgoing.secret`. */
export const newSecret = (): string => randomBytes(32).toString('base64');

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
export const newMessageId = (): string => `3EB0${randomBytes(9).toString('hex').toUpperCase()}`;

export const fingerprintOf = ({ to, content }: SendRequest): string =>
  createHash('sha256')
    .update(JSON.stringify([to, 'wish' in content ? content.wish : content]))
    .digest('base64');

/** A session that is on its way back may take sends; one that nobody connects may not. */
export const assertCanSend = ({ state, everConnected }: Readonly<SessionRow>): void => {
  if (state === 'connected' || state === 'reconnecting' || (state === 'connecting' && everConnected)) return;
  if (state === 'logged_out')
    throw new AppError('SESSION_LOGGED_OUT', 'The session is logged out; connect it and pair it with a phone again.');
  throw new AppError('SESSION_NOT_CONNECTED', 'The session is not connected to WhatsApp.');
};
