// The one file that knows LMDB: a local store with one writer, durable group commit, and reads that see every write.
import { mkdirSync } from 'node:fs';
import { open, type Database, type RootDatabase } from 'lmdb';
import { AppError } from '../errors.js';
import { createSpaceCheck } from './disk-space.js';

export type Key = readonly (string | number)[];

/** One change of a row. `value: undefined` removes it. */
export interface Write {
  table: string;
  key: Key;
  value: unknown;
}

export interface Row<T> {
  key: Key;
  value: T;
}

export interface RangeOptions {
  /** Only keys that begin with these parts. */
  prefix?: Key;
  reverse?: boolean;
  limit?: number;
  offset?: number;
}

/** Plain MessagePack maps: buffers stay buffers, and a row is readable without the rows before it. */
const ENCODING = { encoding: 'msgpack', useRecords: false } as const;

/** Sorts after every string and number that can follow it in a key. */
const LAST = '\u{10ffff}\u{10ffff}';

/** LMDB takes 1978 bytes; the escapes of its encoding at most double a text. */
const MAX_KEY_BYTES = 980;

interface Pending {
  value: unknown;
}

export class Store {
  readonly #root: RootDatabase;
  readonly #tables: Map<string, Database<unknown, (string | number)[]>>;
  /** Writes not yet on disk, by table and key; what a read must see already. */
  readonly #pending = new Map<string, Pending>();
  readonly #inFlight = new Set<Promise<void>>();
  readonly #hasSpace: () => boolean;

  /** Opens or makes the store in folder `path` (mode 0700). Throws when it cannot be read. */
  constructor(path: string, tables: readonly string[]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    this.#hasSpace = createSpaceCheck(path);
    // overlappingSync off: a commit is answered only after fdatasync. Batches are ours: those of an event turn end, when a commit fails, in a
    // rejection nobody can catch.
    this.#root = open({ path, maxDbs: 16, overlappingSync: false, eventTurnBatching: false, noMemInit: true });
    this.#tables = new Map(tables.map((name) => [name, this.#root.openDB({ name, ...ENCODING })]));
  }

  get<T>(table: string, key: Key): T | undefined {
    const pending = this.#pending.get(pendingKey(table, key));
    return (pending ? pending.value : this.#table(table).get([...key])) as T | undefined;
  }

  /** Committed rows in key order; rows still being committed may be missing. */
  *range<T>(table: string, { prefix = [], reverse = false, limit, offset }: RangeOptions = {}): Generator<Row<T>> {
    const low = [...prefix];
    const high = [...prefix, LAST];
    const options = {
      start: reverse ? high : low,
      end: reverse ? low : high,
      // The row whose key is the prefix itself, which is first in one direction and last in the other.
      inclusiveEnd: reverse,
      reverse,
      ...(limit === undefined ? {} : { limit }),
      ...(offset === undefined ? {} : { offset }),
    };
    // LMDB gives a key of one part back as that part.
    for (const { key, value } of this.#table(table).getRange(options)) yield { key: [key].flat(), value: value as T };
  }

  count(table: string, prefix: Key): number {
    return this.#table(table).getKeysCount({ start: [...prefix], end: [...prefix, LAST] });
  }

  /**
   * Commits all of `writes` or none; resolves when they are on disk. Reads see them at once.
   * Commits of one turn share one transaction, and later commits never overtake earlier ones.
   * @throws STORAGE_UNAVAILABLE
   */
  async commit(writes: readonly Write[]): Promise<void> {
    if (writes.length === 0) return;
    // LMDB refuses one write at a time and keeps those before it: nothing that it would refuse may reach it.
    for (const { table, key } of writes) this.#assertPossible(table, key);
    if (writes.some(({ value }) => value !== undefined) && !this.#hasSpace()) throw refusal(new Error('the disk is full'));
    const held = writes.map(({ table, key, value }) => {
      const id = pendingKey(table, key);
      const entry: Pending = { value };
      this.#pending.set(id, entry);
      return { id, entry };
    });
    const committed = this.#write(writes);
    this.#inFlight.add(committed);
    try {
      await committed;
    } finally {
      this.#inFlight.delete(committed);
      for (const { id, entry } of held) if (this.#pending.get(id) === entry) this.#pending.delete(id);
    }
  }

  /** Resolves when every commit begun so far has ended, well or not. */
  async settled(): Promise<void> {
    await Promise.allSettled(this.#inFlight);
  }

  async close(): Promise<void> {
    await this.settled();
    await this.#root.close();
  }

  async #write(writes: readonly Write[]): Promise<void> {
    const results: Promise<unknown>[] = [];
    const batch = this.#root.batch(() => {
      for (const { table, key, value } of writes) {
        const target = this.#table(table);
        results.push(value === undefined ? target.remove([...key]) : target.put([...key], value));
      }
    });
    try {
      await Promise.all([batch, ...results]);
    } catch (error) {
      throw refusal(await reasonOf(error));
    }
  }

  #assertPossible(table: string, key: Key): void {
    this.#table(table);
    const bytes = key.reduce<number>((sum, part) => sum + (typeof part === 'string' ? Buffer.byteLength(part) : 8) + 2, 0);
    if (bytes > MAX_KEY_BYTES) throw new Error(`a key of table ${table} has ${bytes} bytes, more than ${MAX_KEY_BYTES}`);
  }

  #table(name: string): Database<unknown, (string | number)[]> {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`the store has no table ${name}`);
    return table;
  }
}

const refusal = (cause: unknown): AppError =>
  new AppError('STORAGE_UNAVAILABLE', 'The worker cannot write to its disk; try again.', { cause, retryAfterSeconds: 5 });

/** LMDB's writer tells why a commit failed in a promise of its own, which must not stay without a listener. */
const reasonOf = async (error: unknown): Promise<unknown> =>
  Promise.resolve((error as { commitError?: Promise<never> }).commitError).then(
    () => error,
    (reason: unknown) => reason,
  );

const pendingKey = (table: string, key: Key): string => JSON.stringify([table, ...key]);
