import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { backoffDelay } from '../../shared/backoff.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { SUPERVISOR_CALLS } from '../../shared/ipc/protocol.js';
import type { ParamsOf, ResultOf } from '../../shared/ipc/wire.js';
import type { Logger } from '../../shared/logging.js';

export type TurnRequest = ParamsOf<typeof SUPERVISOR_CALLS, 'connect.turn'>;
type Turn = ResultOf<typeof SUPERVISOR_CALLS, 'connect.turn'>;

/** Asked for at once, of each kind: far fewer than the calls a runner may have open, so that what was received is taken meanwhile. */
const AT_ONCE = 32;
/** A turn of a ramp is good for so long: with more, connects that a busy machine held up come beside those that it did not. */
const HOLDS_MS = 25;
const PAUSE = { baseMs: 500, maxMs: 5_000 };

export interface ConnectTurnsOptions {
  /** Resolves when the connect may begin. */
  ask: (request: TurnRequest, signal: AbortSignal) => Promise<Turn>;
  log: Logger;
  pause?: typeof PAUSE;
  /** Unix milliseconds. */
  now?: () => number;
}

/** Turns for the connects of one runner, of which hundreds may wait at once. */
export class ConnectTurns {
  readonly #options: ConnectTurnsOptions;
  readonly #now: () => number;
  /** A phone waits for its pairing, so that does not stand behind reconnects. */
  readonly #lanes = {
    reconnect: new PQueue({ concurrency: AT_ONCE }),
    pairing: new PQueue({ concurrency: AT_ONCE }),
    resume: new PQueue({ concurrency: AT_ONCE }),
  };

  constructor(options: ConnectTurnsOptions) {
    this.#options = options;
    this.#now = options.now ?? Date.now;
  }

  /**
   * For a connect of a ramp, which was granted by Unix millisecond `grantedAt`: asks for other turns until one was not too long ago. Each may be
   * twice as old as the last one, so that it comes to an end on the slowest machine. @returns false when `signal` was aborted before
   */
  async inTime(request: TurnRequest, grantedAt: number, signal: AbortSignal): Promise<boolean> {
    let at: number | undefined = grantedAt;
    for (let holdsMs = HOLDS_MS; at !== undefined; holdsMs *= 2) {
      if (Math.abs(this.#now() - at) <= holdsMs) return !signal.aborted;
      // As part of the ramp, which may not use what was saved for those that lose their connection.
      at = await this.#next({ ...request, kind: 'resume' }, signal);
    }
    return false;
  }

  /** Asks until it is granted, however long that takes. @returns false when `signal` was aborted before */
  async take(request: TurnRequest, signal: AbortSignal): Promise<boolean> {
    const grantedAt = await this.#next(request, signal);
    return grantedAt !== undefined && !signal.aborted;
  }

  /** When it was granted; undefined when it was given up. */
  async #next(request: TurnRequest, signal: AbortSignal): Promise<number | undefined> {
    for (let failures = 0; !signal.aborted;) {
      try {
        const { grantedAt } = await this.#lanes[request.kind].add(async () => this.#options.ask(request, signal), { signal });
        return grantedAt;
      } catch (error) {
        if (error === signal.reason) break;
        // A supervisor that has not answered yet may hold everybody back, for good reasons.
        if (error instanceof AppError && error.code === 'DEADLINE_EXCEEDED') continue;
        this.#options.log.debug({ sessionId: request.sessionId, cause: messageOf(error) }, 'no turn to connect; asking again');
        // Aborting it is no failure: the loop looks.
        await sleep(backoffDelay(failures++, this.#options.pause ?? PAUSE, Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
    return undefined;
  }
}
