import type { StoredMessage } from './message-record.js';

export interface ReadFile {
  messages: readonly StoredMessage[];
  /** Of the file itself. */
  bytes: number;
}

/** Files of the object store as they were read last, up to a number of bytes; the ones not asked for longest go first. */
export class RecentParts {
  readonly #maxBytes: number;
  /** In the order they were asked for. */
  readonly #recent = new Map<string, ReadFile>();
  readonly #reading = new Map<string, Promise<ReadFile | undefined>>();
  #bytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** What `read` answers, once for all who ask meanwhile; undefined and failures are not kept. */
  async get(key: string, read: () => Promise<ReadFile | undefined>): Promise<readonly StoredMessage[] | undefined> {
    const known = this.#recent.get(key);
    if (known) {
      this.#recent.delete(key);
      this.#recent.set(key, known);
      return known.messages;
    }
    const reading = this.#reading.get(key) ?? this.#read(key, read);
    return (await reading)?.messages;
  }

  async #read(key: string, read: () => Promise<ReadFile | undefined>): Promise<ReadFile | undefined> {
    const reading = read();
    this.#reading.set(key, reading);
    try {
      const found = await reading;
      if (found) this.#keep(key, found);
      return found;
    } finally {
      this.#reading.delete(key);
    }
  }

  #keep(key: string, found: ReadFile): void {
    this.#recent.set(key, found);
    this.#bytes += found.bytes;
    for (const [oldest, { bytes }] of this.#recent) {
      if (this.#bytes <= this.#maxBytes) return;
      this.#recent.delete(oldest);
      this.#bytes -= bytes;
    }
  }
}
