import { setTimeout as sleep } from 'node:timers/promises';
import { backoffDelay, type BackoffOptions } from '../backoff.js';
import type { ObjectStoreError, ObjectStoreTrouble } from './object-store.js';

export interface RetryOptions extends BackoffOptions {
  /** The first one included. */
  attempts: number;
  /** After this long no further attempt begins. */
  withinMs: number;
}

const PASSING_TROUBLES: readonly ObjectStoreTrouble[] = ['unreachable', 'timeout', 'unavailable'];

/** A few quick attempts for what passes by itself. `toError` names what an attempt threw; `mayRepeat` says whether another one does no harm. */
export const withRetries = async <T>(
  attempt: () => Promise<T>,
  toError: (error: unknown) => ObjectStoreError,
  { attempts, withinMs, ...backoff }: RetryOptions,
  mayRepeat: (error: ObjectStoreError) => boolean = ({ kind }) => PASSING_TROUBLES.includes(kind),
): Promise<T> => {
  const startedAt = performance.now();
  for (let done = 1; ; done++) {
    try {
      return await attempt();
    } catch (thrown) {
      const error = toError(thrown);
      if (done >= attempts || performance.now() - startedAt >= withinMs || !mayRepeat(error)) throw error;
      await sleep(backoffDelay(done - 1, backoff, Math.random()));
    }
  }
};
