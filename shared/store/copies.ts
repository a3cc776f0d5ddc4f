// Copies of a few rows of a large table in a small one, where reading them touches few pages. A copy says what its row says, always: every
// commit that writes a row removes its copy, whoever makes it.
import type { Rows } from './rows.js';
import { placeOf } from './rows.js';
import type { Key, Write } from './store.js';

/** A copy in a row: empty when there is no such row. */
export type Copy<T> = [value?: T];

export interface CopiesOptions {
  /** By table: where copies of its rows lie, under the same keys. */
  tables: Readonly<Record<string, string>>;
  rows: Rows;
  /** Whether a write of the row has not ended. */
  isPending: (table: string, key: Key) => boolean;
}

export class Copies {
  readonly #options: CopiesOptions;

  constructor(options: CopiesOptions) {
    this.#options = options;
  }

  tableOf(table: string): string {
    const copies = this.#options.tables[table];
    if (copies === undefined) throw new Error(`table ${table} has no copies`);
    return copies;
  }

  /**
   * Removals to commit with `writes`. Also while another commit that removes a copy is under way: it may fail, and this one not.
   */
  outdatedBy(writes: readonly Pick<Write, 'table' | 'key'>[]): (Pick<Write, 'table' | 'key'> & { value: undefined })[] {
    const { tables, rows, isPending } = this.#options;
    return writes.flatMap(({ table, key }) => {
      const copies = tables[table];
      if (copies === undefined || !(isPending(copies, key) || rows.has(copies, key))) return [];
      return [{ table: copies, key, value: undefined }];
    });
  }

  /** Writes after which these rows have copies, and no others that begin with `prefix`. Rows that are being written get none. */
  only(table: string, prefix: Key, keys: readonly Key[]): Write[] {
    const { rows, isPending } = this.#options;
    const copies = this.tableOf(table);
    const there = new Map([...rows.keys(copies, prefix)].map((key) => [placeOf(copies, key), key]));
    const wanted = new Map(keys.map((key) => [placeOf(copies, key), key]));
    const missing = [...wanted].filter(([place, key]) => !there.has(place) && !isPending(copies, key) && !isPending(table, key));
    const superfluous = [...there].filter(([place]) => !wanted.has(place));
    return [
      ...superfluous.map(([, key]) => ({ table: copies, key, value: undefined })),
      ...missing.map(([, key]) => ({ table: copies, key, value: copyOf(rows.get(table, key)) })),
    ];
  }
}

export const copyOf = <T>(value: T | undefined): Copy<T> => (value === undefined ? [] : [value]);
