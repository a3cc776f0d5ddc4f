// What waits to be written to the other process: one FIFO with one send outstanding, because `process.send` never refuses. What came to wait
// meanwhile goes together: a message of its own costs each frame more than the frame itself does.
import { messageOf } from '../errors.js';
import type { Logger } from '../logging.js';
import type { Frame } from './protocol.js';
import { isWorthALine } from './wire.js';

/** Called once, never from inside `send`; the error tells that nothing was written. No error does not mean it arrived. */
export type Sent = (error: Error | null) => void;

export interface OutboxOptions {
  send: (frames: readonly Frame[], sent: Sent) => void;
  /** Events that may wait; calls and answers do not count, who makes them bounds them. */
  maxEvents?: number;
  log: Logger;
}

interface Entry {
  frame: Frame;
  event: boolean;
  key: string | undefined;
  onUnsent: ((error: Error) => void) | undefined;
}

export interface OutboxStats {
  waiting: number;
  /** Events replaced by a newer one of the same key. */
  coalesced: number;
  /** Events thrown away because the box was full. */
  dropped: number;
  /** Frames the channel did not take. */
  unsent: number;
}

const DEFAULT_MAX_EVENTS = 1_000;
/** With more than these the two processes take turns, each waiting for the other. */
const MAX_TOGETHER = 8;

/** Calls, answers and events share one order: an answer never overtakes an event that was emitted before it. */
export class Outbox {
  readonly #send: OutboxOptions['send'];
  readonly #maxEvents: number;
  readonly #log: Logger;
  readonly #queue = new Set<Entry>();
  readonly #byKey = new Map<string, Entry>();
  readonly #byFrame = new Map<Frame, Entry>();
  #events = 0;
  #sending = false;
  #closed = false;
  #coalesced = 0;
  #dropped = 0;
  #unsent = 0;

  constructor({ send, maxEvents = DEFAULT_MAX_EVENTS, log }: OutboxOptions) {
    this.#send = send;
    this.#maxEvents = maxEvents;
    this.#log = log;
  }

  /** A call, an answer or a cancel: never dropped for room. */
  post(frame: Frame, onUnsent?: (error: Error) => void): void {
    this.#add({ frame, event: false, key: undefined, onUnsent });
  }

  /**
   * An event. One with a `key` replaces a waiting one of the same key and goes to the end; when the box is full the oldest with
   * a key makes room.
   * @returns false when the event was not taken: the box is closed, or full of events that may not be dropped
   */
  emit(frame: Frame, key?: string): boolean {
    if (this.#closed) return false;
    const older = key === undefined ? undefined : this.#byKey.get(key);
    if (older) {
      this.#remove(older);
      this.#coalesced += 1;
    }
    if (this.#events >= this.#maxEvents && !this.#makeRoom()) {
      this.#countDropped('An event was refused: the outbox is full');
      return false;
    }
    this.#add({ frame, event: true, key, onUnsent: undefined });
    return true;
  }

  /** Takes back a frame that was not sent yet. @returns false when it is already on its way */
  withdraw(frame: Frame): boolean {
    const entry = this.#byFrame.get(frame);
    if (!entry) return false;
    this.#remove(entry);
    return true;
  }

  /** Forgets everything that waits; what is added later is forgotten too. */
  close(): void {
    this.#closed = true;
    for (const entry of this.#queue) this.#remove(entry);
  }

  get stats(): OutboxStats {
    return { waiting: this.#queue.size, coalesced: this.#coalesced, dropped: this.#dropped, unsent: this.#unsent };
  }

  #add(entry: Entry): void {
    if (this.#closed) return;
    if (!this.#sending) {
      this.#write([entry]);
      return;
    }
    this.#queue.add(entry);
    this.#byFrame.set(entry.frame, entry);
    if (entry.key !== undefined) this.#byKey.set(entry.key, entry);
    if (entry.event) this.#events += 1;
  }

  #remove(entry: Entry): void {
    this.#queue.delete(entry);
    this.#byFrame.delete(entry.frame);
    if (entry.key !== undefined) this.#byKey.delete(entry.key);
    if (entry.event) this.#events -= 1;
  }

  #makeRoom(): boolean {
    const [oldest] = this.#byKey.values();
    if (!oldest) return false;
    this.#remove(oldest);
    this.#countDropped('An event was dropped to make room in the outbox');
    return true;
  }

  #countDropped(what: string): void {
    this.#dropped += 1;
    if (isWorthALine(this.#dropped)) this.#log.warn({ dropped: this.#dropped }, what);
  }

  #write(entries: readonly Entry[]): void {
    this.#sending = true;
    const frames = entries.map(({ frame }) => frame);
    this.#send(frames, (error) => {
      if (error instanceof TypeError && entries.length > 1) {
        // One of them is no JSON, and the others must not suffer for it.
        this.#writeEach(entries);
        return;
      }
      // First: what is posted because of it goes behind what waits.
      if (error) for (const entry of entries) this.#reportUnsent(entry, error);
      this.#writeNext();
    });
  }

  #writeEach([first, ...others]: readonly Entry[]): void {
    if (!first || this.#closed) {
      this.#writeNext();
      return;
    }
    this.#send([first.frame], (error) => {
      if (error) this.#reportUnsent(first, error);
      this.#writeEach(others);
    });
  }

  #writeNext(): void {
    const next = [...take(this.#queue, MAX_TOGETHER)];
    this.#sending = next.length > 0;
    for (const entry of next) this.#remove(entry);
    if (next.length > 0) this.#write(next);
  }

  #reportUnsent(entry: Entry, error: Error): void {
    this.#unsent += 1;
    if (isWorthALine(this.#unsent)) this.#log.debug({ unsent: this.#unsent, cause: messageOf(error) }, 'A frame was not sent');
    entry.onUnsent?.(error);
  }
}

function* take<T>(all: Iterable<T>, count: number): Generator<T> {
  for (const one of all) {
    if (count-- <= 0) return;
    yield one;
  }
}
