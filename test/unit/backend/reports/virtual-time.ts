import type { ReportsTime } from '../../../../supervisor/backend/reports/reports-time.js';

interface Timer {
  at: number;
  run: () => void;
}

/** A clock that stands still until it is told to go on. */
export class VirtualTime implements ReportsTime {
  readonly #timers = new Set<Timer>();
  /** What is stored bears real times. */
  #now = Date.now();

  now = (): number => this.#now;
  elapsed = (): number => this.#now;
  random = (): number => 0.5;

  after = (ms: number, run: () => void): (() => void) => {
    const timer = { at: this.#now + ms, run };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  };

  /** The clock of a process, whose timers end with it. */
  ofProcess(): ReportsTime & { end: () => void } {
    let ended = false;
    return {
      ...{ now: this.now, elapsed: this.elapsed, random: this.random },
      after: (ms, run) => this.after(ms, () => void (ended || run())),
      end: () => {
        ended = true;
      },
    };
  }

  get waiting(): number {
    return this.#timers.size;
  }

  /** Goes on by `ms`, calling what is due in its order; `settle` is awaited after each. */
  async advance(ms: number, settle: () => Promise<void>): Promise<void> {
    const end = this.#now + ms;
    await settle();
    for (let timer = this.#next(end); timer; timer = this.#next(end)) {
      this.#timers.delete(timer);
      this.#now = Math.max(this.#now, timer.at);
      timer.run();
      await settle();
    }
    this.#now = end;
  }

  #next(end: number): Timer | undefined {
    return [...this.#timers].filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }
}
