import type { Store, Write } from '../../shared/store/store.js';
import { TABLES } from '../supervisor-store.js';
import { eventsOf } from './event-row.js';
import { keptEvent } from './kept-event.js';
import { unshippedMarker } from './restored-events.js';

/** Commits all of `writes` or none; see `Store.commit`. */
export interface Commits {
  commit(writes: readonly Write[]): Promise<void>;
}

/**
 * One ordered sequence of events per session. Whoever commits through it has what the commit tells committed with it, in the same transaction:
 * what is not committed, such as a record that came a second time, is no event.
 */
export class EventLog implements Commits {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #all = new Set<(sessionId: string) => void>();

  /** @param now Unix milliseconds */
  constructor(store: Store, now: () => number = Date.now) {
    this.#store = store;
    this.#now = now;
  }

  async commit(writes: readonly Write[]): Promise<void> {
    await this.#store.commit([...writes, ...this.append(writes)]);
    const changed = new Set(writes.filter(({ table }) => TOLD.has(table)).map(({ key }) => String(key[0])));
    for (const sessionId of changed) {
      for (const listener of [...(this.#listeners.get(sessionId) ?? [])]) listener();
      for (const listener of [...this.#all]) listener(sessionId);
    }
  }

  /** The rows to commit together with `writes`, in the same turn. */
  append(writes: readonly Write[]): Write[] {
    const heads = new Map<string, number>();
    const rows = eventsOf(this.#store, writes, this.#now()).flatMap(({ sessionId, row }): Write[] => {
      // Reads see what is being committed, so no number is given out twice.
      const seq = (heads.get(sessionId) ?? this.#store.get<number>(TABLES.eventHeads, [sessionId]) ?? 0) + 1;
      heads.set(sessionId, seq);
      return [...unshippedMarker(this.#store, sessionId, seq), { table: TABLES.events, key: [sessionId, seq], value: keptEvent(row) }];
    });
    return [...rows, ...[...heads].map(([sessionId, seq]): Write => ({ table: TABLES.eventHeads, key: [sessionId], value: seq }))];
  }

  /** Calls `listener` after every commit that may have told something of the session, or ended it, until the returned function is called. */
  subscribe(sessionId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set();
    this.#listeners.set(sessionId, listeners.add(listener));
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(sessionId) === listeners) this.#listeners.delete(sessionId);
    };
  }

  /** The same for every session. */
  subscribeAll(listener: (sessionId: string) => void): () => void {
    this.#all.add(listener);
    return () => this.#all.delete(listener);
  }
}

const TOLD: ReadonlySet<string> = new Set([TABLES.messages, TABLES.messageMedia, TABLES.sessions]);
