// A session's rows on their way between the stores of two slots. Each store is written by its own runner only.
import { dirname, join } from 'node:path';
import type { RawRow } from '../shared/store/change-log.js';
import { schemaVersionOf } from '../shared/store/open-store.js';
import type { RowCipher } from '../shared/store/row-cipher.js';
import { batchesOf, hasRows, missingSpool, placesToTell, quietRemovals, rawRowsOf } from '../shared/store/slot-sessions.js';
import { SLOT_SCHEMA, SLOT_TABLES } from '../shared/store/slot-store.js';
import { StoreReader } from '../shared/store/store-reader.js';
import type { Store } from '../shared/store/store.js';
import type { Spool, SpoolEntry } from './messages/spool.js';

export interface HandOverOptions {
  store: Store;
  cipher: RowCipher | undefined;
  spool: Spool;
  /** Of this slot; those of the others lie beside it. */
  dataDir: string;
}

const SEALED = new Set(SLOT_SCHEMA.sealed);

/** The runner's part in a move. Calls about one session come one after the other. */
export class HandOver {
  readonly #options: HandOverOptions;
  /** One open copy of another slot's store at a time. */
  #reading: Promise<unknown> = Promise.resolve();

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** Copies the session from the store of slot `from`. @returns how many rows it has */
  async adopt(sessionId: string, from: number, signal: AbortSignal): Promise<number> {
    const { store, spool } = this.#options;
    return this.#withSource(from, async (source) => {
      await store.settled();
      await store.commit(quietRemovals(store, sessionId), { tracked: false });
      if (!source) return 0;
      if (schemaVersionOf(source) !== SLOT_SCHEMA.version) throw new Error(`the store of slot ${from} has another schema`);
      let rows = 0;
      for (const batch of batchesOf(rawRowsOf(source, sessionId))) {
        signal.throwIfAborted();
        await this.#commit(source, batch);
        rows += batch.length;
      }
      for (const batch of batchesOf(missingSpool(store, source, sessionId))) {
        signal.throwIfAborted();
        await spool.adopt(batch.map(({ key, value }) => source.decode(SLOT_TABLES.spool, key, value) as SpoolEntry));
      }
      return rows;
    });
  }

  /** Tells the object store of the copy. The source may be this slot. */
  async settle(sessionId: string, from: number): Promise<void> {
    const { store } = this.#options;
    await this.#withSource(from, async (source) => {
      await store.settled();
      for (const batch of batchesOf(placesToTell(store, source, sessionId))) await store.markChanged(batch);
    });
  }

  /** What is spooled stays: this runner ships it, and the new home has it, too. */
  async forget(sessionId: string): Promise<void> {
    const { store, spool } = this.#options;
    await store.settled();
    if (hasRows(store, sessionId)) await store.commit(quietRemovals(store, sessionId), { tracked: false });
    spool.leave(sessionId);
  }

  /** Rows that are encrypted are encrypted anew: a slot that no runner filled for long may know older keys only. */
  async #commit(source: StoreReader, rows: readonly RawRow[]): Promise<void> {
    const { store } = this.#options;
    const sealed = rows.flatMap(({ table, key, value }) =>
      SEALED.has(table) && value ? [{ table, key, value: source.decode(table, key, value) }] : [],
    );
    await store.commit(sealed, { tracked: false, unread: true });
    await store.commitRaw(
      rows.filter(({ table }) => !SEALED.has(table)),
      { tracked: false },
    );
  }

  async #withSource<T>(slot: number, work: (source: StoreReader | undefined) => Promise<T>): Promise<T> {
    const { dataDir, cipher } = this.#options;
    const run = async (): Promise<T> => {
      const folder = join(dirname(dataDir), String(slot));
      const source = folder === dataDir ? undefined : StoreReader.open(folder, { ...SLOT_SCHEMA, cipher });
      try {
        return await work(source);
      } finally {
        await source?.close();
      }
    };
    const turn = this.#reading.then(run, run);
    this.#reading = turn.catch(() => undefined);
    return turn;
  }
}
