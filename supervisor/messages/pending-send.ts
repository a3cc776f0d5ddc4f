import type { AppError } from '../../shared/errors.js';
import type { Intent } from '../supervisor-store.js';
import type { SendResult } from '../worker.js';

/** A send whose outcome is not known yet. */
export interface PendingSend {
  intent: Intent;
  readonly outcome: Promise<SendResult>;
  readonly resolve: (result: SendResult) => void;
  readonly reject: (error: AppError) => void;
  /** Its intent is on disk; not before may a runner have it. */
  accepted: boolean;
  /** A runner has it now. */
  inFlight: boolean;
  /** A runner had it once, so it may have been sent. */
  dispatched: boolean;
  /** Its outcome is known and being written. */
  finishing: boolean;
  /** How often it failed. */
  failures: number;
}

export const newPending = (intent: Intent, at: Pick<PendingSend, 'accepted' | 'dispatched'>): PendingSend => {
  let resolve: PendingSend['resolve'] = () => undefined;
  let reject: PendingSend['reject'] = () => undefined;
  const outcome = new Promise<SendResult>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  // A client that went away leaves nobody to hear of a failure.
  outcome.catch(() => undefined);
  return { intent, outcome, resolve, reject, ...at, inFlight: false, finishing: false, failures: 0 };
};
