import { backoffDelay } from '../../../shared/backoff.js';
import { messageOf } from '../../../shared/errors.js';
import type { Logger } from '../../../shared/logging.js';
import type { Store, Write } from '../../../shared/store/store.js';
import type { ReportsTime } from './reports-time.js';

const PAUSE = { baseMs: 500, maxMs: 30_000 };

/** Commits that are tried until the disk takes them: what the backend has answered cannot be asked again. */
export class SureCommits {
  readonly #store: Store;
  readonly #log: Logger;
  readonly #time: ReportsTime;
  readonly #pauses = new Set<() => void>();
  #stopped = false;

  constructor({ store, log, time }: { store: Store; log: Logger; time: ReportsTime }) {
    this.#store = store;
    this.#log = log;
    this.#time = time;
  }

  get isStopped(): boolean {
    return this.#stopped;
  }

  /** @returns false when it was not wanted any more */
  async commit(writes: readonly Write[], isWanted: () => boolean): Promise<boolean> {
    for (let attempt = 0; ; attempt++) {
      if (this.#stopped || !isWanted()) return false;
      try {
        await this.#store.commit(writes);
        return true;
      } catch (error) {
        if (attempt === 0) this.#log.warn({ cause: messageOf(error) }, 'what became of reports cannot be written yet');
      }
      await this.#pause(backoffDelay(attempt, PAUSE, this.#time.random()));
    }
  }

  /** What is not on disk by now happens again after the next start. */
  stop(): void {
    this.#stopped = true;
    for (const end of [...this.#pauses]) end();
  }

  async #pause(ms: number): Promise<void> {
    if (this.#stopped) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        cancel();
        this.#pauses.delete(end);
        resolve();
      };
      const cancel = this.#time.after(ms, end);
      this.#pauses.add(end);
    });
  }
}
