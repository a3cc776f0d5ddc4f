import type { Logger } from '../../../shared/logging.js';
import type { Store, Write } from '../../../shared/store/store.js';
import { TABLES } from '../../supervisor-store.js';
import type { DeadReport } from '../report.js';

/** More are not kept. */
const NEWEST = 10_000;

/** What the backend refused for good, for a person to look at and to put back. */
export class DeadReports {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #newest: number;
  #lastId: number;
  #warned = false;

  constructor(store: Store, log: Logger, newest = NEWEST) {
    this.#store = store;
    this.#log = log;
    this.#newest = newest;
    const [last] = store.range(TABLES.deadReports, { reverse: true, limit: 1 });
    this.#lastId = Number(last?.key[0] ?? 0);
  }

  get size(): number {
    return this.#store.count(TABLES.deadReports, []);
  }

  find(id: number): DeadReport | undefined {
    return this.#store.get<DeadReport>(TABLES.deadReports, [id]);
  }

  /** Newest first. */
  page({ limit, offset }: { limit: number; offset: number }): DeadReport[] {
    return [...this.#store.range<DeadReport>(TABLES.deadReports, { reverse: true, limit, offset })].map(({ value }) => value);
  }

  /** Oldest first. */
  *all(): Generator<DeadReport> {
    for (const { value } of this.#store.range<DeadReport>(TABLES.deadReports)) yield value;
  }

  /** Numbers it by the clock, so that a number is not given out again after a restart; the oldest make room. */
  bury(report: Omit<DeadReport, 'id'>): { id: number; writes: Write[] } {
    const id = Math.max(this.#lastId + 1, report.diedAt);
    this.#lastId = id;
    const excess = this.size + 1 - this.#newest;
    if (excess > 0 && !this.#warned) {
      this.#warned = true;
      this.#log.warn({ kept: this.#newest }, 'the backend refused more reports than are kept; the oldest of them are forgotten');
    }
    const oldest = excess > 0 ? [...this.#store.range(TABLES.deadReports, { limit: excess })] : [];
    return {
      id,
      writes: [...oldest.map(({ key }) => removal(Number(key[0]))), { table: TABLES.deadReports, key: [id], value: { id, ...report } }],
    };
  }

  unbury(id: number): Write[] {
    return [removal(id)];
  }
}

const removal = (id: number): Write => ({ table: TABLES.deadReports, key: [id], value: undefined });
