/** Waits that a stop ends for good: whoever waits then does not go on. */
export class Pauses {
  readonly #timers = new Set<NodeJS.Timeout>();
  #stopped = false;

  get stopped(): boolean {
    return this.#stopped;
  }

  async pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      if (this.#stopped) return;
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }

  every(ms: number, work: () => void): void {
    if (!this.#stopped) this.#timers.add(setInterval(work, ms).unref());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}
