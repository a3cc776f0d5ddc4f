// The one file that reads LMDB: decoding, unsealing, ranges and the change log, for the store's writer and for readers in other processes.
import type { Database, RootDatabase } from 'lmdb';
import { Packr } from 'msgpackr';
import { messageOf } from '../errors.js';
import { CHANGES, type ChangeSource, type ChangedKeys } from './change-log.js';
import { isSealed, SealedRowError, type RowCipher } from './row-cipher.js';
import type { Key, RangeOptions, Row } from './store.js';

/** Tables that one store may have, for whoever opens it: LMDB refuses those beyond. */
export const MAX_TABLES = 64;

/** LMDB takes 1978 bytes; the escapes of its encoding at most double a text. */
const MAX_KEY_BYTES = 980;

/**
 * Address space for the file, of which only what is there takes memory. In one that is too small LMDB maps the file anew when it grows, and the
 * maps before stay: what they had in memory counts again.
 */
export const MAP_BYTES = 2 ** 30;

export const META = 'meta';
export const LAST_CHANGE: Key = ['lastChange'];

type Table = Database<Buffer, (string | number)[]>;

/** Plain MessagePack maps: buffers stay buffers, and a row is readable without the rows before it. */
const packr = new Packr({ useRecords: false, copyBuffers: true });

/** Bytes come and go as they are. Those read are LMDB's own buffer, good until the next read; only its `length` is right, it goes on behind. */
const AS_THEY_ARE = { encode: (bytes: Buffer) => bytes, decode: (bytes: Buffer) => bytes };

/** Sorts after every string and number that can follow it in a key. */
const LAST = '\u{10ffff}\u{10ffff}';

/** Names a row; what its seal is bound to. */
export const placeOf = (table: string, key: Key): string => JSON.stringify([table, ...key]);

export class Rows implements ChangeSource {
  readonly #root: RootDatabase;
  /** Undefined: not made yet by the process that writes the store. */
  readonly #tables: Map<string, Table | undefined>;
  readonly #sealed: ReadonlySet<string>;
  readonly #cipher: RowCipher | undefined;
  #closed = false;
  #failed: Error | undefined;

  /** @param sealed tables whose rows `cipher` encrypts */
  constructor(root: RootDatabase, tables: readonly string[], sealed: readonly string[], cipher: RowCipher | undefined) {
    this.#root = root;
    this.#tables = new Map(tables.map((name) => [name, openTable(root, name)]));
    this.#sealed = new Set(sealed);
    this.#cipher = cipher;
  }

  table(name: string): Table {
    const table = this.#found(name);
    if (!table) throw new Error(`the store has no table ${name}`);
    return table;
  }

  /** Throws when there is no such table or LMDB would refuse the key. */
  assertWritable(table: string, key: Key): void {
    this.table(table);
    const bytes = key.reduce<number>((sum, part) => sum + (typeof part === 'string' ? Buffer.byteLength(part) : 8) + 2, 0);
    if (bytes > MAX_KEY_BYTES) throw new Error(`a key of table ${table} has ${bytes} bytes, more than ${MAX_KEY_BYTES}`);
  }

  encode(table: string, key: Key, value: unknown): Buffer {
    const plain = packr.pack(value);
    return this.#cipher && this.#sealed.has(table) ? this.#cipher.seal(plain, placeOf(table, key)) : plain;
  }

  get<T>(table: string, key: Key): T | undefined {
    const bytes = this.volatile(table, key);
    return bytes === undefined ? undefined : this.decode<T>(table, key, bytes);
  }

  /** Good until the next read; see `AS_THEY_ARE`. */
  volatile(table: string, key: Key): Buffer | undefined {
    return this.#found(table)?.getBinaryFast([...key]);
  }

  has(table: string, key: Key): boolean {
    return this.#found(table)?.doesExist([...key]) ?? false;
  }

  raw(table: string, key: Key): Buffer | undefined {
    return this.#found(table)?.getBinary([...key]);
  }

  *range<T>(table: string, options: RangeOptions = {}): Generator<Row<T>> {
    for (const { key: found, value } of this.#volatileRange(table, options)) {
      const key = partsOf(found);
      yield { key, value: this.decode<T>(table, key, value) };
    }
  }

  *rawRange(table: string, options: RangeOptions = {}): Generator<Row<Buffer>> {
    for (const { key, value } of this.#volatileRange(table, options)) yield { key: partsOf(key), value: copyOf(value) };
  }

  #volatileRange(table: string, { prefix = [], from, before, reverse = false, limit, offset }: RangeOptions): Iterable<Row<Buffer>> {
    const low = [...(from ?? prefix)];
    const high = [...(before ?? [...prefix, LAST])];
    const options = {
      start: reverse ? high : low,
      end: reverse ? low : high,
      // The row whose key is the prefix itself, which is first in one direction and last in the other.
      inclusiveEnd: reverse,
      exclusiveStart: reverse,
      reverse,
      ...(limit === undefined ? {} : { limit }),
      ...(offset === undefined ? {} : { offset }),
    };
    return this.#found(table)?.getRange(options) ?? [];
  }

  /** Without reading what the rows hold. */
  *keys(table: string, prefix: Key): Generator<Key> {
    for (const key of this.#found(table)?.getKeys({ start: [...prefix], end: [...prefix, LAST] }) ?? []) yield partsOf(key);
  }

  count(table: string, prefix: Key): number {
    return this.#found(table)?.getKeysCount({ start: [...prefix], end: [...prefix, LAST] }) ?? 0;
  }

  *changes(from: number): Generator<{ n: number; keys: ChangedKeys }> {
    for (const { key, value } of this.range<ChangedKeys>(CHANGES, { from: [from + 1] })) yield { n: Number(key[0]), keys: value };
  }

  lastChange(): number {
    return this.get<number>(META, LAST_CHANGE) ?? 0;
  }

  /** LMDB ends what was written before. From now on nothing reads: a read between here and the end would leave it a timer that throws. */
  async close(): Promise<void> {
    this.#closed = true;
    // A store that LMDB gave up has writes that never end.
    if (!this.#failed) await this.#root.close();
  }

  /** The next reads see what was committed until now. */
  refresh(): void {
    this.#assertOpen();
    for (const [name, table] of this.#tables) if (!table) this.#tables.set(name, openTable(this.#root, name));
    this.#root.resetReadTxn();
  }

  /**
   * Whether LMDB gave the store up after a commit that failed for `reason`: it does when the page that makes a commit valid could not be
   * written. From then on every read throws `failure`.
   */
  hasFailed(reason: unknown, failure: () => Error): boolean {
    if (!this.#failed && (isPanic(reason) || this.#readsPanic())) this.#failed = failure();
    return this.#failed !== undefined;
  }

  #readsPanic(): boolean {
    try {
      this.refresh();
      this.lastChange();
      return false;
    } catch (error) {
      if (isPanic(error)) return true;
      throw error;
    }
  }

  #assertOpen(): void {
    if (this.#closed) throw new Error('the store is closed');
    if (this.#failed) throw this.#failed;
  }

  #found(name: string): Table | undefined {
    this.#assertOpen();
    const table = this.#tables.get(name);
    if (!table && !this.#tables.has(name)) throw new Error(`the store has no table ${name}`);
    return table;
  }

  decode<T>(table: string, key: Key, bytes: Buffer): T {
    if (!isSealed(bytes)) return packr.unpack(bytes) as T;
    if (!this.#cipher) throw new SealedRowError('A row is encrypted and AUTH_ENCRYPTION_KEY is not set.');
    return packr.unpack(this.#cipher.open(bytes.subarray(0, bytes.length), placeOf(table, key))) as T;
  }
}

const isPanic = (error: unknown): boolean => messageOf(error).includes('MDB_PANIC');

/** LMDB gives a key of one part back as that part. */
const partsOf = (key: Key | Key[number]): Key => (typeof key === 'object' ? key : [key]);

const copyOf = (value: Buffer): Buffer => Buffer.from(value.subarray(0, value.length));

/** In a store opened for reading LMDB answers undefined for a table that is not there, which its types do not say. */
const openTable = (root: RootDatabase, name: string): Table | undefined => {
  const options = { name, encoder: AS_THEY_ARE };
  return root.openDB<Buffer, (string | number)[]>(options);
};
