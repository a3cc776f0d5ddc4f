// A local store with one writer: durable group commit, reads that see every write, and a log of what changed.
import { open, type RootDatabase } from 'lmdb';
import { AppError } from '../errors.js';
import { commitReason } from './commit-reason.js';
import { Copies, type Copy } from './copies.js';
import { CHANGES, readChanges, type ChangeBatch, type RawRow } from './change-log.js';
import { createSpaceCheck, diskTrouble } from './disk-space.js';
import { PendingRows } from './pending-rows.js';
import { RecentRows } from './recent-rows.js';
import { LAST_CHANGE, MAP_BYTES, MAX_TABLES, META, Rows } from './rows.js';
import { assertSoundFile, hasStore, makeStoreFolder } from './store-file.js';
import type { CommitOptions, StoreOptions } from './store-options.js';
import { cannotOpen } from './store-refused-error.js';
import { WriteProbe } from './write-probe.js';

export type Key = readonly (string | number)[];

/** One change of a row. `value: undefined` removes it. */
export interface Write {
  table: string;
  key: Key;
  value: unknown;
  /** What the row held until now, null for nothing, from whoever knows it; the store does not look at it. */
  before?: unknown;
}

export interface Row<T> {
  key: Key;
  value: T;
}

export interface RangeOptions {
  /** Only keys that begin with these parts. */
  prefix?: Key;
  /** First key, instead of the first one with the prefix. */
  from?: Key;
  /** Only keys below this one. */
  before?: Key | undefined;
  reverse?: boolean;
  limit?: number;
  offset?: number;
  /** Rows that a commit under way changes as they will be, which `get` answers too. Those it adds or removes stay as they were. */
  newest?: boolean;
}

/** Change-log rows removed in one commit. */
const TRIM_BATCH = 1_000;
/** How often a store looks whether LMDB gave it up, and then whether its disk works again. */
const LOOK_MS = 1_000;

/**
 * How LMDB writes. A commit is answered only after fdatasync. Batches are ours: those of an event turn end, when a commit fails, in a rejection
 * nobody can catch. The writing thread begins at the end of a turn: one that begins earlier is woken anew for each of the rows that follow.
 */
const WRITING = { overlappingSync: false, eventTurnBatching: false, txnStartThreshold: Infinity, noMemInit: true };

/** What LMDB is told: a row with its bytes, or without. */
interface Encoded {
  table: string;
  key: Key;
  bytes: Buffer | undefined;
  /** What the bytes say, where that is known. */
  value?: unknown;
}

export class Store {
  readonly #root: RootDatabase;
  readonly #rows: Rows;
  readonly #copies: Copies;
  readonly #tracked: ReadonlySet<string>;
  readonly #pending = new PendingRows();
  readonly #recent: RecentRows;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #hasSpace: () => boolean;
  #lastChange: number;
  #trouble: string | undefined;
  readonly #probe: WriteProbe;
  readonly #onTrouble: StoreOptions['onTrouble'];
  readonly #onLost: StoreOptions['onLost'];
  /** Called when LMDB gives the store up; commits under way then may never end by themselves. */
  readonly #refuseUnderWay = new Set<(reason: unknown) => void>();
  #givenUp = false;
  readonly #watch: NodeJS.Timeout;

  /**
   * Opens or makes the store in folder `path` (mode 0700).
   * @throws StoreRefusedError, and STORAGE_UNAVAILABLE when there is no room to make it
   */
  constructor(path: string, { tables, sealed = [], cipher, tracked = [], copies = {}, recent, maxBytes, onTrouble, onLost }: StoreOptions) {
    makeStoreFolder(path);
    assertSoundFile(path, 'write');
    this.#probe = new WriteProbe(path);
    this.#onTrouble = onTrouble;
    this.#onLost = onLost;
    this.#hasSpace = createSpaceCheck(path, maxBytes);
    // What LMDB needs before it takes the first row.
    if (!hasStore(path)) this.#assertSpace();
    try {
      this.#root = open({ path, maxDbs: MAX_TABLES, mapSize: MAP_BYTES, ...WRITING });
      this.#rows = new Rows(this.#root, [META, CHANGES, ...tables], sealed, cipher);
      this.#lastChange = this.#rows.lastChange();
    } catch (error) {
      throw cannotOpen(path, 'written', error);
    }
    this.#tracked = new Set(tracked);
    this.#recent = new RecentRows(recent);
    const isPending = (table: string, key: Key): boolean => this.#pending.newest(table, key) !== undefined;
    this.#copies = new Copies({ tables: copies, rows: this.#rows, isPending });
    this.#watch = setInterval(() => {
      this.#look();
    }, LOOK_MS).unref();
  }

  get<T>(table: string, key: Key): T | undefined {
    const pending = this.#pending.newest(table, key);
    if (pending) return pending.value as T | undefined;
    const recent = this.#recent.get(table, key) as T | undefined;
    if (recent !== undefined) return recent;
    const bytes = this.#rows.volatile(table, key);
    if (bytes === undefined) return undefined;
    const { length } = bytes;
    const value = this.#rows.decode<T>(table, key, bytes);
    this.#recent.keep(table, key, value, length);
    return value;
  }

  /** What the copy of a row says; undefined when it has none. */
  getCopy<T>(table: string, key: Key): { value: T | undefined } | undefined {
    const copy = this.get<Copy<T>>(this.#copies.tableOf(table), key);
    return copy && { value: copy[0] };
  }

  /** Copies these rows, or that they are not there, and removes the copies of all others that begin with `prefix`. @throws as `commit` */
  async copyOnly(table: string, prefix: Key, keys: readonly Key[]): Promise<void> {
    await this.commit(this.#copies.only(table, prefix, keys));
  }

  /** Committed rows in key order; rows still being committed may be missing. */
  *range<T>(table: string, options?: RangeOptions): Generator<Row<T>> {
    for (const row of this.#rows.range<T>(table, options)) {
      const value = options?.newest ? (this.#pending.newest(table, row.key)?.value as T | undefined) : undefined;
      yield value === undefined ? row : { key: row.key, value };
    }
  }

  /** Committed rows as they lie in the store. */
  rawRange(table: string, options?: RangeOptions): Generator<Row<Buffer>> {
    return this.#rows.rawRange(table, options);
  }

  count(table: string, prefix: Key): number {
    return this.#rows.count(table, prefix);
  }

  /**
   * Commits all of `writes` or none; resolves when they are on disk. Reads see them at once.
   * Commits of one turn share one transaction, and later commits never overtake earlier ones.
   * @throws STORAGE_UNAVAILABLE
   */
  async commit(writes: readonly Write[], options?: CommitOptions): Promise<void> {
    if (writes.length === 0) return;
    const all = [...writes, ...this.#copies.outdatedBy(writes)];
    const encoded = all.map(({ table, key, value }) => ({
      table,
      key,
      bytes: value === undefined ? undefined : this.#rows.encode(table, key, value),
      value,
    }));
    this.#assertPossible(encoded);
    if (options?.unread) return this.#write(encoded, options);
    const held = all.map(({ table, key, value }) => this.#pending.begin(table, key, value));
    try {
      await this.#write(encoded, options);
    } finally {
      for (const end of held) end();
    }
  }

  /** The value of a row that a store or its change log holds. @throws SealedRowError */
  decode(table: string, key: Key, bytes: Buffer): unknown {
    return this.#rows.decode(table, key, bytes);
  }

  /** Commits rows as another store holds them. Nothing may read or write these rows meanwhile. */
  async commitRaw(rows: readonly RawRow[], options?: CommitOptions): Promise<void> {
    if (rows.length === 0) return;
    const encoded = [...rows, ...this.#copies.outdatedBy(rows)].map(({ table, key, value }) => ({ table, key, bytes: value }));
    this.#assertPossible(encoded);
    await this.#write(encoded, options);
  }

  /** Puts rows that are there, or were removed, on the change log, as if they had changed now. */
  async markChanged(rows: readonly Pick<Write, 'table' | 'key'>[]): Promise<void> {
    const log = this.#logOf(rows.map(({ table, key }) => ({ table, key, bytes: undefined })));
    if (log.length === 0) return;
    this.#assertPossible(log);
    await this.#write(log);
  }

  /** See `readChanges`. */
  readChanges(from: number, maxBytes: number): ChangeBatch | undefined {
    this.#rows.refresh();
    return readChanges(this.#rows, from, maxBytes);
  }

  /** Number of the last tracked commit. */
  get lastChange(): number {
    this.#rows.refresh();
    return this.#rows.lastChange();
  }

  /** Sentence about the disk when the last commit was refused. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Forgets the changes up to `to`: the object store has them. */
  async trimChanges(to: number): Promise<void> {
    for (;;) {
      const rows = [...this.#rows.rawRange(CHANGES, { limit: TRIM_BATCH })].filter(({ key }) => Number(key[0]) <= to);
      if (rows.length === 0) return;
      await this.#write(rows.map(({ key }) => ({ table: CHANGES, key, bytes: undefined })));
    }
  }

  /** Resolves when every commit begun so far has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  async close(): Promise<void> {
    clearInterval(this.#watch);
    await this.settled();
    await this.#rows.close();
    this.#probe.close();
  }

  /** LMDB refuses one write at a time and keeps those before it: nothing that it would refuse may reach it. */
  #assertPossible(rows: readonly Encoded[]): void {
    for (const { table, key } of rows) this.#rows.assertWritable(table, key);
    if (rows.some(({ bytes }) => bytes !== undefined)) this.#assertSpace();
  }

  #assertSpace(): void {
    let space: boolean;
    try {
      space = this.#hasSpace();
    } catch (error) {
      throw this.#refusal(error);
    }
    if (!space) throw this.#refusal(Object.assign(new Error('the disk is full'), { code: 'ENOSPC' }));
  }

  #setTrouble(trouble: string | undefined): void {
    if (trouble === this.#trouble) return;
    this.#trouble = trouble;
    this.#onTrouble?.(trouble);
  }

  #refusal(cause: unknown): AppError {
    this.#setTrouble(diskTrouble(cause));
    return new AppError('STORAGE_UNAVAILABLE', 'The worker cannot write to its disk; try again.', { cause, retryAfterSeconds: 5 });
  }

  async #write(rows: readonly Encoded[], { tracked = true }: CommitOptions = {}): Promise<void> {
    const committed = this.#writeNow(tracked ? [...rows, ...this.#logOf(rows)] : rows);
    this.#inFlight.add(committed);
    this.#recent.begin(rows);
    let refused = true;
    try {
      await committed;
      refused = false;
    } finally {
      this.#inFlight.delete(committed);
      this.#recent.end(rows, { refused });
    }
  }

  /** The change-log row of a commit, and the number it has. */
  #logOf(rows: readonly Encoded[]): Encoded[] {
    const keys = rows.filter(({ table }) => this.#tracked.has(table)).map(({ table, key }) => [table, ...key]);
    if (keys.length === 0) return [];
    const n = ++this.#lastChange;
    return [
      { table: CHANGES, key: [n], bytes: this.#rows.encode(CHANGES, [n], keys) },
      { table: META, key: LAST_CHANGE, bytes: this.#rows.encode(META, LAST_CHANGE, n) },
    ];
  }

  async #unlessLost(commit: Promise<unknown>): Promise<void> {
    let refuse: (reason: unknown) => void = () => undefined;
    const lost = new Promise<never>((_, reject) => (refuse = reject));
    this.#refuseUnderWay.add(refuse);
    try {
      await Promise.race([commit, lost]);
    } finally {
      this.#refuseUnderWay.delete(refuse);
    }
  }

  #giveUp(reason: unknown): void {
    this.#givenUp = true;
    for (const refuse of this.#refuseUnderWay) refuse(reason);
  }

  /** LMDB does not always tell of it; and a store given up is of use to nobody, so that a disk that works again wants a new process. */
  #look(): void {
    this.#recent.sweep();
    const trouble = this.#whatTheDiskSays();
    if (this.#givenUp && trouble === undefined) {
      clearInterval(this.#watch);
      this.#onLost?.();
    } else if (!this.#givenUp && this.#refuseUnderWay.size > 0) {
      const reason = trouble ?? new Error('LMDB gave the store up');
      if (this.#rows.hasFailed(undefined, () => this.#refusal(reason))) this.#giveUp(reason);
    }
  }

  /** Undefined when it takes writes. */
  #whatTheDiskSays(): unknown {
    try {
      this.#probe.assert();
      return undefined;
    } catch (error) {
      return error;
    }
  }

  async #writeNow(rows: readonly Encoded[]): Promise<void> {
    const refused = this.#whatTheDiskSays();
    if (refused !== undefined) throw this.#refusal(refused);
    const results: Promise<unknown>[] = [];
    const batch = this.#root.batch(() => {
      for (const { table, key, bytes } of rows) {
        const target = this.#rows.table(table);
        results.push(bytes === undefined ? target.remove([...key]) : target.put([...key], bytes));
      }
    });
    try {
      await this.#unlessLost(Promise.all([batch, ...results]));
      this.#setTrouble(undefined);
    } catch (error) {
      const cause = await commitReason(error);
      const reason = this.#whatTheDiskSays() ?? cause;
      if (this.#rows.hasFailed(cause, () => this.#refusal(reason))) this.#giveUp(reason);
      throw this.#refusal(reason);
    }
  }
}
