import { LRUCache } from 'lru-cache';
import { placeOf } from './rows.js';
import type { Key } from './store.js';

/** As the rows lie in the store; decoded they take two to three times as much. */
const MOST_BYTES = 512 * 1024;
const KEEP_MS = 10_000;

/** A row as it was committed, and what LMDB was given. */
interface Written {
  table: string;
  key: Key;
  value?: unknown;
  bytes: Buffer | undefined;
}

/**
 * Decoded rows for as long as they are in use: a ratchet is read four times for each message, and a tenth of a runner's time went into decoding
 * it. Only for rows that nobody changes who wrote or read them: the next reader gets the very same.
 */
export class RecentRows {
  readonly #isWanted: (table: string, key: Key) => boolean;
  readonly #rows = new LRUCache<string, NonNullable<unknown>>({
    maxSize: MOST_BYTES,
    ttl: KEEP_MS,
    ttlResolution: 1_000,
    updateAgeOnGet: true,
    perf: { now: () => performance.now() },
  });
  /** Rows being written, by how many commits. */
  readonly #underWay = new Map<string, number>();

  /** @param isWanted of which rows */
  constructor(isWanted: (table: string, key: Key) => boolean = () => false) {
    this.#isWanted = isWanted;
  }

  get(table: string, key: Key): unknown {
    return this.#isWanted(table, key) ? this.#rows.get(placeOf(table, key)) : undefined;
  }

  /** @param bytes how many it takes in the store */
  keep(table: string, key: Key, value: unknown, bytes: number): void {
    if (value === undefined || value === null || !this.#isWanted(table, key)) return;
    const place = placeOf(table, key);
    // What another commit makes of it is known when that ends.
    if (!this.#underWay.has(place)) this.#rows.set(place, value, { size: bytes });
  }

  /** A commit of these rows begins. */
  begin(rows: readonly Written[]): void {
    for (const { table, key } of rows) {
      if (!this.#isWanted(table, key)) continue;
      const place = placeOf(table, key);
      this.#rows.delete(place);
      this.#underWay.set(place, (this.#underWay.get(place) ?? 0) + 1);
    }
  }

  end(rows: readonly Written[], { refused }: { refused: boolean }): void {
    for (const { table, key, value, bytes } of rows) {
      if (!this.#isWanted(table, key)) continue;
      const place = placeOf(table, key);
      const left = (this.#underWay.get(place) ?? 0) - 1;
      if (left > 0) this.#underWay.set(place, left);
      else this.#underWay.delete(place);
      if (!refused && bytes) this.keep(table, key, value, bytes.length);
    }
  }

  /** To be called now and then. */
  sweep(): void {
    this.#rows.purgeStale();
  }
}
