import type { Clock } from '../server/clock.js';

/** What may happen to a message on its way. */
export type TraceStep =
  | 'accepted'
  | 'refused'
  | 'queued'
  | 'relayed'
  | 'acked'
  | 'nacked'
  | 'decrypted'
  | 'undecryptable'
  | 'shown'
  | 'repeated'
  | 'receipt'
  | 'retry';

/** One step of one message; `device` is the address it concerns. `at` is milliseconds since the epoch. */
export interface TraceEvent {
  readonly at: number;
  readonly order: number;
  readonly step: TraceStep;
  readonly device: string;
  readonly detail: string | null;
}

/** Traces kept; the oldest are forgotten first. */
const MAX_TRACES = 50_000;

/** What happened to each message id, oldest step first. */
export class Traces {
  readonly #clock: Clock;
  readonly #events = new Map<string, TraceEvent[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  add(id: string, step: TraceStep, device: string, detail: string | null = null): void {
    let events = this.#events.get(id);
    if (!events) {
      events = [];
      this.#events.set(id, events);
      if (this.#events.size > MAX_TRACES) this.#events.delete(this.#events.keys().next().value ?? '');
    }
    events.push({ ...this.#clock.now(), step, device, detail });
  }

  of(id: string): readonly TraceEvent[] {
    return this.#events.get(id) ?? [];
  }
}
