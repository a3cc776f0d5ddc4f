/** Counters by group and name, e.g. `stanzasIn.message`. All start at zero. */
export interface StatsSnapshot {
  readonly stanzasIn: Record<string, number>;
  readonly stanzasOut: Record<string, number>;
  /** Messages by what became of them: accepted, refused, queued, acked, redelivered, arrived, shown. */
  readonly messages: Record<string, number>;
  /** Refusals by error code: those the clients sent in, and those the server gave out. */
  readonly nacksIn: Record<string, number>;
  readonly nacksOut: Record<string, number>;
  /** Retry receipts by who asked: phone or companion. */
  readonly retries: Record<string, number>;
  readonly receipts: Record<string, number>;
  /** Queries that the answer table does not know, by xmlns/type/child. */
  readonly unknownIqs: Record<string, number>;
  /** Queries answered with an error, by xmlns/type/child and code. */
  readonly refusedIqs: Record<string, number>;
  /** Typing and recording, by what was said and who said it. */
  readonly presence: Record<string, number>;
  /** Transfers of media: uploads, downloads, refusals by status, transfers that broke off. */
  readonly media: Record<string, number>;
  /** Patches taken, by collection. */
  readonly appState: Record<string, number>;
  readonly faults: Record<string, number>;
  readonly errors: Record<string, number>;
}

export type StatsGroup = keyof StatsSnapshot;

/** Counts what went through the simulated WhatsApp. */
export class Stats {
  readonly #counters: { [Group in StatsGroup]: Map<string, number> } = {
    stanzasIn: new Map(),
    stanzasOut: new Map(),
    messages: new Map(),
    nacksIn: new Map(),
    nacksOut: new Map(),
    retries: new Map(),
    receipts: new Map(),
    unknownIqs: new Map(),
    refusedIqs: new Map(),
    presence: new Map(),
    media: new Map(),
    appState: new Map(),
    faults: new Map(),
    errors: new Map(),
  };

  count(group: StatsGroup, name: string, by = 1): void {
    const counters = this.#counters[group];
    counters.set(name, (counters.get(name) ?? 0) + by);
  }

  snapshot(): StatsSnapshot {
    const entries = Object.entries(this.#counters).map(([group, counters]) => [group, Object.fromEntries(counters)] as const);
    return Object.fromEntries(entries) as unknown as StatsSnapshot;
  }
}
