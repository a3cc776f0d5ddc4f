/** A moment: milliseconds since the epoch that never step back, and a number that orders moments of the same millisecond. */
export interface Moment {
  readonly at: number;
  readonly order: number;
}

/** The one clock of a simulated WhatsApp; a change of the machine's time does not reach it. */
export class Clock {
  #order = 0;

  now(): Moment {
    this.#order += 1;
    return { at: Math.round((performance.timeOrigin + performance.now()) * 1000) / 1000, order: this.#order };
  }

  /** Whole seconds since the epoch, as stanzas carry them. */
  seconds(): number {
    return Math.floor((performance.timeOrigin + performance.now()) / 1000);
  }
}
