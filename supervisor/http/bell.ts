/** Remembers that it was rung until somebody who waits for it has heard it; for one who waits at a time. */
export class Bell {
  #rang = false;
  #hear: (() => void) | undefined;

  ring(): void {
    this.#rang = true;
    this.#hear?.();
  }

  /** Resolves at once when it was rung since the last time. */
  async rung(): Promise<void> {
    if (!this.#rang) await new Promise<void>((resolve) => (this.#hear = resolve));
    this.#hear = undefined;
    this.#rang = false;
  }
}
