import type { Reason } from '../../shared/domain/session.js';

/**
 * What to do after a close. `now`: connect again at once. `backoff`: connect again after a pause. `confirm`: connect once more to make
 * sure, and believe the same answer the second time. `stop`, `logout`, `fail`: do not connect again.
 */
export type CloseAction = 'now' | 'backoff' | 'confirm' | 'stop' | 'logout' | 'fail';

export interface CloseVerdict {
  reason: Reason;
  action: CloseAction;
}

export interface Close {
  /** Baileys' status code, undefined for anything else. */
  code: number | undefined;
  /** A QR was shown on this connection and nobody scanned it. */
  waitingForScan: boolean;
  /** The close before this one had the same code and nothing opened in between. */
  repeated: boolean;
}

const BY_CODE: Readonly<Record<number, CloseVerdict>> = {
  403: { reason: 'forbidden', action: 'fail' },
  405: { reason: 'client_outdated', action: 'fail' },
  408: { reason: 'transient', action: 'backoff' },
  411: { reason: 'unsupported', action: 'fail' },
  428: { reason: 'transient', action: 'backoff' },
  440: { reason: 'replaced', action: 'stop' },
  500: { reason: 'bad_session', action: 'backoff' },
  503: { reason: 'transient', action: 'backoff' },
  515: { reason: 'restart_required', action: 'now' },
};

/** One table for every way a Baileys socket can close. */
export const classifyClose = ({ code, waitingForScan, repeated }: Close): CloseVerdict => {
  if (code === 408 && waitingForScan) return { reason: 'qr_expired', action: 'stop' };
  // One 401 can be a hiccup of the server; credentials are erased only when it says so twice.
  if (code === 401) return repeated ? { reason: 'logged_out', action: 'logout' } : { reason: 'transient', action: 'confirm' };
  return (code === undefined ? undefined : BY_CODE[code]) ?? { reason: 'unknown', action: 'backoff' };
};
