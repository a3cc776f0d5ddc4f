// A session's rows on their way between the stores of two slots. Each store is written by its own runner only.
import type { RawRow } from '../shared/store/change-log.js';
import { readCopy, readLog } from '../shared/store/session-copy.js';
import { batchesOf, hasRows, missingSpool, placesToTell, quietRemovals } from '../shared/store/slot-sessions.js';
import { SLOT_SCHEMA, SLOT_TABLES } from '../shared/store/slot-store.js';
import type { Store } from '../shared/store/store.js';
import type { Spool, SpoolEntry } from './messages/spool.js';

export interface HandOverOptions {
  store: Store;
  spool: Spool;
}

const SEALED = new Set(SLOT_SCHEMA.sealed);

/** The runner's part in a move. Calls about one session come one after the other. */
export class HandOver {
  readonly #options: HandOverOptions;

  constructor(options: HandOverOptions) {
    this.#options = options;
  }

  /** @param copy see `writeCopy`; undefined: there is nothing of it @returns how many rows the session has */
  async adopt(sessionId: string, copy: string | undefined, signal: AbortSignal): Promise<number> {
    const { store, spool } = this.#options;
    const { rows, spool: spooled } = copy === undefined ? { rows: [], spool: [] } : readCopy(copy);
    await store.settled();
    await store.commit(quietRemovals(store, sessionId), { tracked: false });
    for (const batch of batchesOf(rows)) {
      signal.throwIfAborted();
      await this.#commit(batch);
    }
    for (const batch of batchesOf(missingSpool(store, spooled, sessionId))) {
      signal.throwIfAborted();
      await spool.adopt(batch.map(({ key, value }) => store.decode(SLOT_TABLES.spool, key, value) as SpoolEntry));
    }
    return rows.length;
  }

  /** Tells the object store of the copy. @param log see `writeLog`; of where the session lived before */
  async settle(sessionId: string, log: string | undefined): Promise<void> {
    const { store } = this.#options;
    await store.settled();
    for (const batch of batchesOf(placesToTell(store, log === undefined ? [] : readLog(log), sessionId))) await store.markChanged(batch);
  }

  /** What is spooled stays: this runner ships it, and the new home has it, too. */
  async forget(sessionId: string): Promise<void> {
    const { store, spool } = this.#options;
    await store.settled();
    if (hasRows(store, sessionId)) await store.commit(quietRemovals(store, sessionId), { tracked: false });
    spool.leave(sessionId);
  }

  /** Rows that are encrypted are encrypted anew: a slot that no runner filled for long may know older keys only. */
  async #commit(rows: readonly RawRow[]): Promise<void> {
    const { store } = this.#options;
    const sealed = rows.flatMap(({ table, key, value }) =>
      SEALED.has(table) && value ? [{ table, key, value: store.decode(table, key, value) }] : [],
    );
    await store.commit(sealed, { tracked: false, unread: true });
    await store.commitRaw(
      rows.filter(({ table }) => !SEALED.has(table)),
      { tracked: false },
    );
  }
}
