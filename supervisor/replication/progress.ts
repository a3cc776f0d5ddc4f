// What the replicator has done so far, as rows of the supervisor's store that are themselves not replicated.
import type { Key, Store, Write } from '../../shared/store/store.js';
import { TABLES } from '../supervisor-store.js';
import type { SavedKeys } from './saved-keys.js';

export interface Owner {
  /** Names this data folder for as long as it exists. */
  dataDirId: string;
  term: number;
}

interface Cursor {
  /** See `trackedSince`. */
  since: string;
  shipped: number;
}

export interface Dirty {
  /** First journal number with changes that the session's files do not have. */
  number: number;
  /** When that was, in Unix milliseconds. */
  at: number;
}

/** What the files of a session had at their last checkpoint. */
export interface Checkpointed {
  /** Journal number whose changes all of them include. */
  number: number;
  hasAuth: boolean;
  hasSends: boolean;
}

const OWNER: Key = ['owner'];
const NUMBER: Key = ['number'];
const RESTORING: Key = ['restoring'];

/** Reads are of what was committed or is being committed; methods that change something answer the writes. */
export class Progress {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  get owner(): Owner | undefined {
    return this.#store.get<Owner>(TABLES.replication, OWNER);
  }

  own(owner: Owner): Write[] {
    return [write(OWNER, owner)];
  }

  /** A restore was begun and has not come to its end. */
  get isRestoring(): boolean {
    return this.#store.get(TABLES.replication, RESTORING) !== undefined;
  }

  restoring(underway: boolean): Write[] {
    return [write(RESTORING, underway || undefined)];
  }

  /** Last journal number that is in the object store. */
  get number(): number {
    return this.#store.get<number>(TABLES.replication, NUMBER) ?? 0;
  }

  shippedEntry(number: number): Write[] {
    return [write(NUMBER, number)];
  }

  /** Last change of a store that is in the object store; undefined when changes may be missing there. */
  cursor(store: string, since: string): number | undefined {
    const cursor = this.#store.get<Cursor>(TABLES.replication, ['store', store]);
    return cursor?.since === since ? cursor.shipped : undefined;
  }

  shipped(store: string, since: string, shipped: number): Write[] {
    return [write(['store', store], { since, shipped } satisfies Cursor)];
  }

  dirty(sessionId: string): Dirty | undefined {
    return this.#store.get<Dirty>(TABLES.replication, ['dirty', sessionId]);
  }

  soil(sessionId: string, dirty: Dirty | undefined): Write[] {
    return [write(['dirty', sessionId], dirty)];
  }

  checkpointed(sessionId: string): Checkpointed | undefined {
    return this.#store.get<Checkpointed>(TABLES.replication, ['checkpointed', sessionId]);
  }

  checkpoint(sessionId: string, checkpointed: Checkpointed | undefined): Write[] {
    return [write(['checkpointed', sessionId], checkpointed)];
  }

  savedKeys(sessionId: string): SavedKeys | undefined {
    return this.#store.get<SavedKeys>(TABLES.replication, ['keys', sessionId]);
  }

  saveKeys(sessionId: string, saved: SavedKeys | undefined): Write[] {
    return [write(['keys', sessionId], saved)];
  }

  /** Last journal number with pre-keys of the session that were made or made anew; one used up does not count. */
  newPreKeys(sessionId: string): number {
    return this.#store.get<number>(TABLES.replication, ['newPreKeys', sessionId]) ?? 0;
  }

  madePreKeys(sessionId: string, number: number): Write[] {
    return [write(['newPreKeys', sessionId], number)];
  }

  /** The object of its keys has to be written anew, whatever is in it. */
  soilKeys(sessionId: string): Write[] {
    const saved = this.savedKeys(sessionId);
    return saved ? this.saveKeys(sessionId, { ...saved, generation: -1 }) : [];
  }

  /** What is known of the session's files, which are gone. */
  forgetFiles(sessionId: string): Write[] {
    return ['checkpointed', 'keys', 'newPreKeys'].map((name) => write([name, sessionId], undefined));
  }

  get dirtyCount(): number {
    return this.#store.count(TABLES.replication, ['dirty']);
  }

  *dirtySessions(): Generator<{ sessionId: string; dirty: Dirty }> {
    for (const { key, value } of this.#store.range<Dirty>(TABLES.replication, { prefix: ['dirty'] })) {
      yield { sessionId: String(key[1]), dirty: value };
    }
  }
}

const write = (key: Key, value: unknown): Write => ({ table: TABLES.replication, key, value });
