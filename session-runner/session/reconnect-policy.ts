import { backoffDelay } from '../../shared/backoff.js';
import type { Reason } from '../../shared/domain/session.js';
import type { CloseAction } from './close-classifier.js';

/** A session that WhatsApp keeps refusing for this long is shown as `error`, and still retried. */
export const SHOWN_AS_ERROR_AFTER_MS = 5 * 60_000;

const TRANSIENT = { baseMs: 500, maxMs: 60_000 };
/** Not WhatsApp's doing: the way to it, or a disk on our side. */
const OURS: ReadonlySet<Reason> = new Set<Reason>(['transient', 'proxy_failed', 'storage_unavailable']);
const REFUSED = { baseMs: 1_000, maxMs: 600_000 };

/**
 * Milliseconds until the next connect, or undefined when there is none. `attempt` counts from 0 since the last open connection;
 * `random` is a number in [0, 1).
 */
export const reconnectDelay = (action: CloseAction, reason: Reason, attempt: number, random: number): number | undefined => {
  switch (action) {
    case 'now':
      // A server that asks for restarts without end must not be hammered.
      return attempt < 3 ? 0 : backoffDelay(attempt - 3, TRANSIENT, random);
    case 'confirm':
      return backoffDelay(0, TRANSIENT, random);
    case 'backoff':
      return backoffDelay(attempt, OURS.has(reason) ? TRANSIENT : REFUSED, random);
    case 'stop':
    case 'logout':
    case 'fail':
      return undefined;
  }
};
