import type { Exchange } from './exchange.js';

type CleanUp = () => Promise<void>;

/** What belongs to one check while it runs: its exchanges, its end, and what it has to take away. */
export class CheckScope {
  readonly exchanges: Exchange[] = [];
  readonly #cleanUps: CleanUp[] = [];
  readonly #controller = new AbortController();

  /** Aborted when the check's time is over. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  abort(reason: Error): void {
    this.#controller.abort(reason);
  }

  /** Runs `cleanUp` after the check, whatever became of it; the last deferred first. */
  defer(cleanUp: CleanUp): void {
    this.#cleanUps.unshift(cleanUp);
  }

  /** @returns what could not be taken away, as sentences */
  async cleanUp(): Promise<string[]> {
    const left: string[] = [];
    for (const cleanUp of this.#cleanUps.splice(0)) {
      await cleanUp().catch((error: unknown) => left.push(error instanceof Error ? error.message : String(error)));
    }
    return left;
  }
}
