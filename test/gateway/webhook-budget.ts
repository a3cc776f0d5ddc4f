const WINDOW_MS = 60_000;

/** So many webhooks a minute, counted in fixed windows that begin with their first one. */
export class WebhookBudget {
  readonly #perMinute: number;
  #startedAt = Number.NEGATIVE_INFINITY;
  #taken = 0;

  constructor(perMinute: number) {
    this.#perMinute = perMinute;
  }

  /** @param now Unix milliseconds. @returns undefined, or whole seconds until the next window when this one is used up */
  take(now: number): number | undefined {
    if (now - this.#startedAt >= WINDOW_MS) [this.#startedAt, this.#taken] = [now, 0];
    this.#taken++;
    return this.#taken <= this.#perMinute ? undefined : Math.max(1, Math.ceil((this.#startedAt + WINDOW_MS - now) / 1000));
  }
}
