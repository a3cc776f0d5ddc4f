// What is wrong with the object store, since when, and when it is tried again.
import { backoffDelay } from '../../shared/backoff.js';
import { ObjectStoreError, type ObjectStoreTrouble } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';

export interface TroubleFacts {
  kind: ObjectStoreTrouble | 'damaged' | 'local';
  /** What is wrong and what to do. */
  sentence: string;
  /** Unix milliseconds. */
  since: number;
}

const RETRY_PAUSE = { baseMs: 500, maxMs: 15_000 };

export class Trouble {
  #now: TroubleFacts | undefined;
  #failures = 0;
  #dueAt = 0;

  get now(): TroubleFacts | undefined {
    return this.#now;
  }

  /** Whether it may be tried again. */
  get isDue(): boolean {
    return performance.now() >= this.#dueAt;
  }

  /** Until it may be tried again. */
  get pauseMs(): number {
    return Math.max(0, this.#dueAt - performance.now());
  }

  /** @returns whether this is another trouble than before */
  met(error: unknown): boolean {
    this.#dueAt = performance.now() + backoffDelay(this.#failures++, RETRY_PAUSE, Math.random());
    const { kind, sentence } = factsOf(error);
    if (this.#now?.kind === kind) return false;
    this.#now = { kind, sentence, since: this.#now?.since ?? Date.now() };
    return true;
  }

  passed(): void {
    this.#now = undefined;
    this.#failures = 0;
    this.#dueAt = 0;
  }
}

const factsOf = (error: unknown): Omit<TroubleFacts, 'since'> => {
  if (error instanceof ObjectStoreError) return { kind: error.kind, sentence: error.sentence };
  if (error instanceof DamagedError) {
    return { kind: 'damaged', sentence: 'An object that this worker needs in the object store is damaged; the log names it.' };
  }
  return { kind: 'local', sentence: 'The worker cannot read or write its own disk, and ships nothing meanwhile.' };
};
