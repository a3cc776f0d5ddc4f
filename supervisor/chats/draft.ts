import { placeOf } from '../../shared/store/rows.js';
import type { Key, Store, Write } from '../../shared/store/store.js';

/** Writes of one commit while they are made up: what is read of a row is what the commit will make of it. */
export class Draft {
  readonly #store: Pick<Store, 'get'>;
  readonly #before: ReadonlyMap<string, Write>;
  readonly #writes = new Map<string, Write>();

  /** @param before writes that come first in the same commit */
  constructor(store: Pick<Store, 'get'>, before: readonly Write[] = []) {
    this.#store = store;
    this.#before = new Map(before.map((write) => [placeOf(write.table, write.key), write]));
  }

  get<T>(table: string, key: Key): T | undefined {
    const place = placeOf(table, key);
    const write = this.#writes.get(place) ?? this.#before.get(place);
    return write ? (write.value as T | undefined) : this.#store.get<T>(table, key);
  }

  /** `undefined` removes the row. */
  put(table: string, key: Key, value: unknown): void {
    this.#writes.set(placeOf(table, key), { table, key, value });
  }

  /** One for each row. */
  get writes(): Write[] {
    return [...this.#writes.values()];
  }
}
