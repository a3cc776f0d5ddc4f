/** What timers can hold; whoever is woken looks whether it is time already. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** Waits that a stop ends for good: whoever waits then does not go on. */
export class Pauses {
  readonly #timers = new Set<NodeJS.Timeout>();
  readonly #alarms = new Map<string, NodeJS.Timeout>();
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

  /** Calls `work` after `ms`; takes the place of an earlier alarm of this name. */
  alarm(name: string, ms: number, work: () => void): void {
    clearTimeout(this.#alarms.get(name));
    if (this.#stopped) return;
    const timer = setTimeout(
      () => {
        this.#alarms.delete(name);
        work();
      },
      Math.min(ms, LONGEST_TIMER_MS),
    );
    this.#alarms.set(name, timer);
  }

  every(ms: number, work: () => void): void {
    if (!this.#stopped) this.#timers.add(setInterval(work, ms).unref());
  }

  stop(): void {
    this.#stopped = true;
    for (const timer of [...this.#timers, ...this.#alarms.values()]) clearTimeout(timer);
    this.#timers.clear();
    this.#alarms.clear();
  }
}
