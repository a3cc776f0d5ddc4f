// A store read from another process than its writer's. Readers never make a writer wait, nor the other way round.
import { open } from 'lmdb';
import { CHANGES, readChanges, type ChangeBatch, type ChangedKeys } from './change-log.js';
import type { RowCipher } from './row-cipher.js';
import { MAP_BYTES, MAX_TABLES, META, Rows } from './rows.js';
import type { Key, RangeOptions, Row } from './store.js';
import { assertSoundFile, hasStore } from './store-file.js';

export interface ReaderOptions {
  /** May be more than its writer has made yet: those count as empty. */
  tables: readonly string[];
  sealed: readonly string[];
  cipher?: RowCipher | undefined;
}

export class StoreReader {
  readonly #rows: Rows;

  /**
   * Undefined when there is no store in `path` yet. Only for a store that no process writes at this moment: LMDB notes, whenever it is opened, as
   * the newest commit the one that it found a moment before, and the writer builds its next commit on that. One that came in between is gone.
   * Whoever writes may be opened afterwards. See docs/decisions/0015-opening-a-store.md.
   * @throws StoreRefusedError
   */
  static open(path: string, options: ReaderOptions): StoreReader | undefined {
    if (!hasStore(path)) return undefined;
    assertSoundFile(path, 'read');
    return new StoreReader(path, options);
  }

  private constructor(path: string, { tables, sealed, cipher }: ReaderOptions) {
    this.#rows = new Rows(
      open({ path, maxDbs: MAX_TABLES, mapSize: MAP_BYTES, readOnly: true }),
      [META, CHANGES, ...tables],
      sealed,
      cipher,
    );
  }

  get<T>(table: string, key: Key): T | undefined {
    return this.#rows.get<T>(table, key);
  }

  range<T>(table: string, options?: RangeOptions): Generator<Row<T>> {
    return this.#rows.range<T>(table, options);
  }

  /** The value of a row that a store or its change log holds. @throws SealedRowError */
  decode(table: string, key: Key, bytes: Buffer): unknown {
    return this.#rows.decode(table, key, bytes);
  }

  rawRange(table: string, options?: RangeOptions): Generator<Row<Buffer>> {
    return this.#rows.rawRange(table, options);
  }

  /** Keys of rows that begin with `prefix`, in order. */
  keys(table: string, prefix: Key): Generator<Key> {
    return this.#rows.keys(table, prefix);
  }

  /** Change-log rows after `from`, as of the last `refresh`. */
  changes(from: number): Generator<{ n: number; keys: ChangedKeys }> {
    return this.#rows.changes(from);
  }

  count(table: string, prefix: Key): number {
    return this.#rows.count(table, prefix);
  }

  /** See `readChanges`. */
  readChanges(from: number, maxBytes: number): ChangeBatch | undefined {
    this.#rows.refresh();
    return readChanges(this.#rows, from, maxBytes);
  }

  lastChange(): number {
    this.#rows.refresh();
    return this.#rows.lastChange();
  }

  /** The next reads, until the end of this turn, see one state of the store: the newest. */
  refresh(): void {
    this.#rows.refresh();
  }

  async close(): Promise<void> {
    await this.#rows.close();
  }
}
