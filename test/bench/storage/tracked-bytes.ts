import { Packr } from 'msgpackr';
import type { Schema } from '../../../shared/store/open-store.js';
import type { Write } from '../../../shared/store/store.js';

/** Adds up the rows of commits that the object store is to have: keys and encoded values, every time they are written. */
export class TrackedBytes {
  readonly #tracked: ReadonlySet<string>;
  readonly #packr = new Packr({ useRecords: false });
  bytes = 0;

  constructor({ tracked }: Schema) {
    this.#tracked = new Set(tracked);
  }

  /** @returns the same writes */
  add(writes: Write[]): Write[] {
    for (const { table, key, value } of writes) {
      if (!this.#tracked.has(table)) continue;
      this.bytes += JSON.stringify(key).length + (value === undefined ? 0 : this.#packr.pack(value).byteLength);
    }
    return writes;
  }
}
