import { openSync, writeSync } from 'node:fs';
import { messageOf } from '../shared/errors.js';
import { encodeRecord, inFlightFile, OPERATIONS, RECORD_BYTES, type Operation } from '../shared/in-flight-file.js';
import type { Logger } from '../shared/logging.js';

interface Marked {
  /** Of its record. */
  offset: number;
  /** Under way, by operation. */
  counts: Record<Operation, number>;
  mask: number;
}

/**
 * Notes which session is in which operation where it survives the death of this process (not of the machine): if the process dies, the
 * supervisor holds it against these sessions. A change of what is noted costs one write to the page cache, 3 to 10 µs; a second
 * operation of the same kind costs nothing. What cannot be written is logged once and changes nothing else.
 */
export class InFlightMarks {
  readonly #log: Logger;
  readonly #file: number | undefined;
  readonly #sessions = new Map<string, Marked>();
  #failed = false;

  /** Begins an empty file. */
  constructor(slotFolder: string, log: Logger) {
    this.#log = log;
    this.#file = this.#guarded(() => openSync(inFlightFile(slotFolder), 'w', 0o600));
  }

  /** @returns what ends it, once */
  begin(sessionId: string, operation: Operation): () => void {
    let ended = false;
    this.#count(sessionId, operation, 1);
    return () => {
      if (ended) return;
      ended = true;
      this.#count(sessionId, operation, -1);
    };
  }

  async during<T>(sessionId: string, operation: Operation, work: () => Promise<T>): Promise<T> {
    const end = this.begin(sessionId, operation);
    try {
      return await work();
    } finally {
      end();
    }
  }

  #count(sessionId: string, operation: Operation, change: 1 | -1): void {
    const known = this.#sessions.get(sessionId);
    const marked = known ?? { offset: this.#sessions.size * RECORD_BYTES, counts: { connect: 0, decrypt: 0, send: 0 }, mask: 0 };
    if (!known) this.#sessions.set(sessionId, marked);
    marked.counts[operation] += change;
    const mask = OPERATIONS.reduce((bits, name, bit) => (marked.counts[name] > 0 ? bits | (1 << bit) : bits), 0);
    if (known && mask === marked.mask) return;
    marked.mask = mask;
    const bytes = known ? Buffer.of(mask) : encodeRecord(sessionId, mask);
    this.#guarded(() => this.#file !== undefined && writeSync(this.#file, bytes, 0, bytes.length, marked.offset));
  }

  #guarded<T>(work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      if (!this.#failed) {
        this.#log.warn(
          { cause: messageOf(error) },
          'what is in flight cannot be noted; if this runner crashes nobody knows for whom it worked',
        );
      }
      this.#failed = true;
      return undefined;
    }
  }
}
