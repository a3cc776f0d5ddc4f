import { setTimeout as sleep } from 'node:timers/promises';

/** Between two turns that are further apart than this nothing is owed. */
const MOST_MS = 1_000;
/** Of the time between two turns, what their connects keep at least; the rest is there to catch up. */
const KEPT = 0.9;

interface Time {
  /** Milliseconds. */
  now: () => number;
  /** Rejects when it is aborted. */
  pass: (ms: number, signal: AbortSignal) => Promise<void>;
}
const TIME: Time = { now: () => performance.now(), pass: async (ms, signal) => sleep(ms, undefined, { signal }) };

interface Begun {
  /** Milliseconds of the supervisor's clock. */
  grantedAt: number;
  /** Milliseconds of ours. */
  at: number;
}

/** Keeps connects about as far apart as the supervisor granted them: what a busy process held up must not leave it all at once. */
export class ConnectSpacing {
  readonly #time: Time;
  #last: Begun | undefined;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(time = TIME) {
    this.#time = time;
  }

  /** Resolves when a connect that was granted then may begin; one after the other, as they asked. Given up, it holds up nobody. */
  async turn(grantedAt: number, signal: AbortSignal): Promise<void> {
    const turn = this.#turns.then(async () => {
      if (signal.aborted) return;
      const waited = await this.#time.pass(this.#owed(grantedAt), signal).then(
        () => true,
        () => false,
      );
      if (waited) this.#last = { grantedAt, at: this.#time.now() };
    });
    this.#turns = turn;
    await turn;
  }

  #owed(grantedAt: number): number {
    if (!this.#last) return 0;
    const apart = Math.min(MOST_MS, Math.max(0, grantedAt - this.#last.grantedAt)) * KEPT;
    return Math.max(0, this.#last.at + apart - this.#time.now());
  }
}
