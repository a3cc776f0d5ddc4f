import { placeOf } from './rows.js';
import type { Key } from './store.js';

interface Pending {
  value: unknown;
}

/** Writes that have not ended. Reads see the newest of a row; when it is refused, the one before it, which may still reach the disk. */
export class PendingRows {
  /** The newest last. */
  readonly #byPlace = new Map<string, Pending[]>();

  newest(table: string, key: Key): Pending | undefined {
    return this.#byPlace.size === 0 ? undefined : this.#byPlace.get(placeOf(table, key))?.at(-1);
  }

  /** @returns what ends it */
  begin(table: string, key: Key, value: unknown): () => void {
    const place = placeOf(table, key);
    const pending: Pending = { value };
    const others = this.#byPlace.get(place);
    if (others) others.push(pending);
    else this.#byPlace.set(place, [pending]);
    return () => {
      const left = this.#byPlace.get(place)?.filter((other) => other !== pending) ?? [];
      if (left.length > 0) this.#byPlace.set(place, left);
      else this.#byPlace.delete(place);
    };
  }
}
