// Ships what changed in all stores as numbered objects, one after the other, and remembers how far each store is.
import { KEYS } from '../../shared/object-store/keys.js';
import { ObjectStoreError, type ObjectStore } from '../../shared/object-store/object-store.js';
import type { RawRow } from '../../shared/store/change-log.js';
import { isNewPreKey } from './auth-rows.js';
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';
import type { ChangeSource } from './change-sources.js';
import { decodeEntry, encodeEntry, type StoreChanges } from './journal-entry.js';
import { SupersededError } from './ownership.js';
import type { Progress } from './progress.js';

/** Rows read for one object; what is left goes into the next. */
const ENTRY_BYTES = 2 * 1024 * 1024;

export interface JournalOptions {
  workerId: string;
  store: Store;
  objects: ObjectStore;
  progress: Progress;
  sources: () => ChangeSource[];
  /** A store's changes up to `to` are in the object store. */
  onShipped: (source: ChangeSource, to: number) => void;
  /** What changed in the object with this number; answers what to commit with it. */
  onChanged: (changed: ChangedSessions, number: number) => Write[];
}

interface ChangedSessions {
  sessions: ReadonlySet<string>;
  /** Those of them that made pre-keys. */
  newPreKeys: ReadonlySet<string>;
}

export class Journal {
  readonly #options: JournalOptions;

  constructor(options: JournalOptions) {
    this.#options = options;
  }

  /** Ships one object. @returns whether there may be more @throws ObjectStoreError, SupersededError, STORAGE_UNAVAILABLE */
  async ship(): Promise<boolean> {
    const { progress, store, onShipped, onChanged } = this.#options;
    const read = this.#read();
    if (read.length === 0) return false;
    const number = await this.#put(read.map(({ source, ...changes }) => ({ store: source.name, ...changes })));
    const rows = read.flatMap((changes) => changes.rows);
    const changed: ChangedSessions = { sessions: sessionsOf(rows), newPreKeys: sessionsOf(rows.filter(isNewPreKey)) };
    await store.commit([
      ...progress.shippedEntry(number),
      ...read.flatMap(({ source, to }) => progress.shipped(source.name, source.since, to)),
      ...onChanged(changed, number),
    ]);
    for (const { source, to } of read) onShipped(source, to);
    return read.some(({ to, seen }) => to < seen);
  }

  /** Changes of all stores that the object store does not have. */
  waiting(): number {
    return this.#options.sources().reduce((sum, source) => sum + source.lastChange() - this.#cursor(source), 0);
  }

  /** All in one turn, so that the stores are read as of one moment. */
  #read(): (Omit<StoreChanges, 'store'> & { source: ChangeSource })[] {
    const sources = this.#options.sources();
    // Each has its share, so that a busy one cannot starve the others.
    const share = Math.ceil(ENTRY_BYTES / Math.max(1, sources.length));
    return sources.flatMap((source) => {
      const batch = source.readChanges(this.#cursor(source), share);
      return batch ? [{ source, ...batch, rows: batch.rows.filter(({ key }) => this.#livesIn(source, String(key[0]))) }] : [];
    });
  }

  /** What a session left in a slot it moved away from is old, and must not follow what its new home tells. */
  #livesIn({ slot }: ChangeSource, sessionId: string): boolean {
    if (slot === undefined) return true;
    const row = this.#options.store.get<SessionRow>(TABLES.sessions, [sessionId]);
    return row?.slot === undefined || row.slot === slot;
  }

  #cursor(source: ChangeSource): number {
    return this.#options.progress.cursor(source.name, source.since) ?? 0;
  }

  /** @returns the number the object got */
  async #put(stores: StoreChanges[]): Promise<number> {
    const { workerId, objects, progress } = this.#options;
    const { owner } = progress;
    if (!owner) throw new Error('the journal has no owner yet');
    for (let number = progress.number + 1; ; number++) {
      const key = KEYS.entry(workerId, owner.term, number);
      const body = await encodeEntry({ workerId, writer: owner.dataDirId, term: owner.term, number, at: Date.now(), stores });
      try {
        await objects.put(key, body, { ifAbsent: true });
        return number;
      } catch (error) {
        if (!(error instanceof ObjectStoreError) || error.kind !== 'precondition') throw error;
        // Our own, of a put whose answer was lost: it may hold less than this one, so this one follows it.
        const there = await objects.get(key);
        if (there && (await decodeEntry(there.body)).writer !== owner.dataDirId) throw new SupersededError(workerId);
      }
    }
  }
}

const sessionsOf = (rows: readonly RawRow[]): Set<string> => new Set(rows.map(({ key }) => String(key[0])));
