/** Who asked for a connect: people wait for theirs, a ramp after a start does not. */
export type ConnectPriority = 'user' | 'resume';

export interface ThrottleOptions {
  /** Connects begun per second, at most. */
  ratePerSecond: number;
}

/** Paces every connect of the worker, so that a restart of many sessions is a ramp and no storm. */
export class ConnectThrottle {
  readonly #intervalMs: number;
  readonly #queues: Record<ConnectPriority, (() => void)[]> = { user: [], resume: [] };
  #nextAt = 0;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor({ ratePerSecond }: ThrottleOptions) {
    this.#intervalMs = 1000 / ratePerSecond;
  }

  /** How many wait for their turn. */
  get waiting(): number {
    return this.#queues.user.length + this.#queues.resume.length;
  }

  /** Resolves when a connect may begin. */
  async turn(priority: ConnectPriority): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#queues[priority].push(resolve);
      this.#pump();
    });
  }

  /** Whoever waits now, or asks later, waits for ever. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
  }

  #pump(): void {
    if (this.#timer || this.#stopped) return;
    const wait = this.#nextAt - performance.now();
    if (wait > 0) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#pump();
      }, wait);
      return;
    }
    const go = this.#queues.user.shift() ?? this.#queues.resume.shift();
    if (!go) return;
    this.#nextAt = performance.now() + this.#intervalMs;
    go();
    if (this.waiting > 0) this.#pump();
  }
}
