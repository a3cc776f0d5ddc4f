import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';

/** More of one kind are not kept. */
const NEWEST = 10_000;

export interface DeadLettersOptions {
  store: Store;
  /** [id] → letter */
  table: string;
  log: Logger;
  /** Who refused what, for the log. */
  what: string;
  newest?: number | undefined;
}

/** What was refused for good, for a person to look at and to put back. */
export class DeadLetters<T extends { id: number; diedAt: number }> {
  readonly #options: DeadLettersOptions & { newest: number };
  #lastId: number;
  #warned = false;

  constructor({ newest = NEWEST, ...options }: DeadLettersOptions) {
    this.#options = { ...options, newest };
    const [last] = options.store.range(options.table, { reverse: true, limit: 1 });
    this.#lastId = Number(last?.key[0] ?? 0);
  }

  get size(): number {
    return this.#options.store.count(this.#options.table, []);
  }

  find(id: number): T | undefined {
    return this.#options.store.get<T>(this.#options.table, [id]);
  }

  /** Newest first. */
  page({ limit, offset }: { limit: number; offset: number }): T[] {
    return [...this.#options.store.range<T>(this.#options.table, { reverse: true, limit, offset })].map(({ value }) => value);
  }

  /** Oldest first. */
  *all(): Generator<T> {
    for (const { value } of this.#options.store.range<T>(this.#options.table)) yield value;
  }

  /** Numbers it by the clock, so that a number is not given out again after a restart; the oldest make room. */
  bury(letter: Omit<T, 'id'> & { diedAt: number }): { id: number; writes: Write[] } {
    const { store, table, log, what, newest } = this.#options;
    const id = Math.max(this.#lastId + 1, letter.diedAt);
    this.#lastId = id;
    const excess = this.size + 1 - newest;
    if (excess > 0 && !this.#warned) {
      this.#warned = true;
      log.warn({ kept: newest }, `${what} than are kept; the oldest of them are forgotten`);
    }
    const oldest = excess > 0 ? [...store.range(table, { limit: excess })] : [];
    return { id, writes: [...oldest.map(({ key }) => this.#removal(Number(key[0]))), { table, key: [id], value: { id, ...letter } }] };
  }

  unbury(id: number): Write[] {
    return [this.#removal(id)];
  }

  #removal(id: number): Write {
    return { table: this.#options.table, key: [id], value: undefined };
  }
}
