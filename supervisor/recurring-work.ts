import { messageOf } from '../shared/errors.js';
import type { Logger } from '../shared/logging.js';

export interface RecurringWorkOptions {
  /** Milliseconds from the start to the first run; undefined: there is nothing to do by itself. */
  firstAfterMs: number | undefined;
  /** Milliseconds from the end of a run to the next. */
  everyMs: number;
  /** One run. It is to end early when `stopping` is aborted, and leave the rest to the next. */
  work: (stopping: AbortSignal) => Promise<void>;
  /** What it means that a run failed, for the log. */
  complaint: string;
  log: Logger;
}

/** Work that is done soon after the start and then again and again, never twice at once. */
export class RecurringWork {
  readonly #options: RecurringWorkOptions;
  readonly #stopping = new AbortController();
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;

  constructor(options: RecurringWorkOptions) {
    this.#options = options;
  }

  start(): void {
    const { firstAfterMs } = this.#options;
    if (firstAfterMs !== undefined) this.#schedule(firstAfterMs);
  }

  /** Resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One run, or the one under way. A failure is logged, and the rest is left to the next run. */
  async run(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      void this.run().then(() => {
        if (!this.#stopping.signal.aborted) this.#schedule(this.#options.everyMs);
      });
    }, ms).unref();
  }

  async #run(): Promise<void> {
    const { work, complaint, log } = this.#options;
    try {
      await work(this.#stopping.signal);
    } catch (error) {
      log.warn({ cause: messageOf(error) }, complaint);
    }
  }
}
