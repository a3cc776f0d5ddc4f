import { isDeepStrictEqual } from 'node:util';
import type { Logger } from '../../shared/logging.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { Key, Store, Write } from '../../shared/store/store.js';

/** After it is open, a connection still reads a few keys. */
const SETTLED_AFTER_MS = 10_000;
/** A login reads about five; one that reads more than these delivered messages. */
const MOST_KEYS = 32;

/**
 * What a connection reads of its session's keys while it logs in: the same few of a thousand every time, spread over a large tree, of which each
 * read maps 64 kB into memory. So they are copied, and the next login reads the copies, which lie together.
 */
export class LoginKeys {
  readonly #store: Store;
  readonly #sessionId: string;
  /** By `type/id`; undefined when the login is over. */
  #reads: Map<string, Key> | undefined = new Map();
  readonly #changed = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(store: Store, sessionId: string) {
    this.#store = store;
    this.#sessionId = sessionId;
  }

  /** The key as its row says. */
  read(type: string, id: string): unknown {
    const key = [this.#sessionId, type, id];
    if (this.#reads && this.#reads.size < MOST_KEYS) this.#reads.set(`${type}/${id}`, key);
    const copy = this.#reads && this.#store.getCopy(SLOT_TABLES.keys, key);
    return copy ? copy.value : this.#store.get(SLOT_TABLES.keys, key);
  }

  /** True of what Baileys writes with every login, although it is there. Not to write it leaves the large tree alone. */
  says({ table, key, value }: Write): boolean {
    const copy = this.#reads && this.#store.getCopy(table, key);
    return copy !== undefined && isDeepStrictEqual(copy.value, value);
  }

  /** Ratchets that a login moved are moved by the next one too, or not read at all: they get no copies. */
  moved(places: Iterable<string>): void {
    if (this.#reads) for (const place of places) this.#changed.add(place);
  }

  /** To be called when the connection is open. Nobody waits for what follows. */
  settleSoon(log: Logger, afterMs = SETTLED_AFTER_MS): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.settle().catch((error: unknown) => {
        log.warn({ err: error }, 'what the login read could not be copied; the next login reads it where it is');
      });
    }, afterMs).unref();
  }

  /** Copies what was read. Writes only if an earlier login read something else. @throws STORAGE_UNAVAILABLE, after which it is as it was */
  async settle(): Promise<void> {
    const reads = this.#reads;
    this.end();
    if (!reads) return;
    const unchanged = [...reads].filter(([place]) => !this.#changed.has(place)).map(([, key]) => key);
    this.#changed.clear();
    await this.#store.copyOnly(SLOT_TABLES.keys, [this.#sessionId], unchanged);
  }

  /** Nothing is copied any more. */
  end(): void {
    this.#reads = undefined;
    clearTimeout(this.#timer);
  }
}
