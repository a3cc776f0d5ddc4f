import { randomUUID } from 'node:crypto';
import type { Store } from '../../shared/store/store.js';
import type { Registry } from '../placement/registry.js';
import { forgetKey, keyRow, recentKeys } from './idempotency.js';

/** Marks the keys made here. */
const PREFIX = 'untold-';
/** Of one session. */
const MOST = 1_000;

/** A send whose outcome did not reach its client, as far as is known. */
export interface UntoldSend {
  sessionId: string;
  key: string;
  /** Of recipient and content; see `fingerprintOf`. */
  fingerprint: string;
  /** When it was accepted, in Unix milliseconds. */
  at: number;
}

/** An idempotency key for a client that names none. */
export const newUntoldKey = (): string => PREFIX + randomUUID();

/** Keys made here stay in the store only until their clients were told the outcome, so that those left by an earlier process tell what was not. */
export class UntoldSends {
  readonly #store: Store;
  readonly #registry: Pick<Registry, 'rows' | 'find'>;

  constructor(store: Store, registry: Pick<Registry, 'rows' | 'find'>) {
    this.#store = store;
    this.#registry = registry;
  }

  /** Those accepted at `since` (Unix milliseconds) or later, the oldest first. */
  since(since: number): UntoldSend[] {
    return this.#registry
      .rows()
      .flatMap(({ sessionId }) =>
        recentKeys(this.#store, sessionId, since, MOST).flatMap(([key, { fingerprint, at }]) =>
          key.startsWith(PREFIX) ? [{ sessionId, key, fingerprint, at }] : [],
        ),
      )
      .sort((one, other) => one.at - other.at);
  }

  /** The client knows what became of the request with this key and will not ask again. */
  async told(sessionId: string, key: string): Promise<void> {
    const row = keyRow(this.#store, sessionId, key);
    // Without an outcome the send goes on and needs its key.
    if (row?.outcome && this.#registry.find(sessionId)) await this.#store.commit(forgetKey(sessionId, key, row));
  }
}
