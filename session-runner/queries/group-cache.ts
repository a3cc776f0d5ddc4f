import type { GroupMetadata } from '../baileys.js';

interface Entry {
  metadata: Promise<GroupMetadata>;
  /** Once it is known. */
  known: GroupMetadata | undefined;
  at: number;
}

/** Changes are told; this bounds the harm of one that was not. */
const LIFE_MS = 10 * 60_000;
/** Members of all groups together; about 200 bytes each. */
const MOST_MEMBERS = 4_000;

/** What is known of the groups of one connection, so that a message to a group costs no query. */
export class GroupCache {
  readonly #fetch: (group: string) => Promise<GroupMetadata>;
  readonly #now: () => number;
  /** The one used last comes last. */
  readonly #entries = new Map<string, Entry>();

  /** @param now milliseconds of a monotonic clock */
  constructor(fetch: (group: string) => Promise<GroupMetadata>, now: () => number = () => performance.now()) {
    this.#fetch = fetch;
    this.#now = now;
  }

  /** Asks WhatsApp when it is not known; whoever asks meanwhile waits for the same answer. */
  async get(group: string): Promise<GroupMetadata> {
    const entry = this.#fresh(group) ?? this.#ask(group);
    return entry.metadata;
  }

  /** What is known now, without asking. */
  peek(group: string): GroupMetadata | undefined {
    return this.#fresh(group)?.known;
  }

  /** Something about it changed: also an answer that is on its way is not kept. */
  forget(group: string): void {
    this.#entries.delete(group);
  }

  clear(): void {
    this.#entries.clear();
  }

  #fresh(group: string): Entry | undefined {
    const entry = this.#entries.get(group);
    if (!entry) return undefined;
    this.#entries.delete(group);
    if (this.#now() - entry.at > LIFE_MS) return undefined;
    this.#entries.set(group, entry);
    return entry;
  }

  #ask(group: string): Entry {
    const entry: Entry = { metadata: this.#fetch(group), known: undefined, at: this.#now() };
    this.#entries.set(group, entry);
    entry.metadata.then(
      (metadata) => {
        entry.known = metadata;
        this.#shrink();
      },
      () => {
        if (this.#entries.get(group) === entry) this.#entries.delete(group);
      },
    );
    return entry;
  }

  #shrink(): void {
    let members = 0;
    for (const { known } of this.#entries.values()) members += known?.participants.length ?? 0;
    for (const [group, { known }] of this.#entries) {
      if (members <= MOST_MEMBERS || this.#entries.size === 1) return;
      members -= known?.participants.length ?? 0;
      this.#entries.delete(group);
    }
  }
}
