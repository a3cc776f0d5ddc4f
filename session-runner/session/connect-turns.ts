import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { backoffDelay } from '../../shared/backoff.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { SUPERVISOR_CALLS } from '../../shared/ipc/protocol.js';
import type { ParamsOf } from '../../shared/ipc/wire.js';
import type { Logger } from '../../shared/logging.js';

type TurnRequest = ParamsOf<typeof SUPERVISOR_CALLS, 'connect.turn'>;

/** Asked for at once, of each kind: far fewer than the calls a runner may have open, so that what was received is taken meanwhile. */
const AT_ONCE = 32;
const PAUSE = { baseMs: 500, maxMs: 5_000 };

export interface ConnectTurnsOptions {
  /** Resolves when the connect may begin. */
  ask: (request: TurnRequest, signal: AbortSignal) => Promise<void>;
  log: Logger;
  pause?: typeof PAUSE;
}

/** Turns for the reconnects of one runner, of which hundreds may wait at once. */
export class ConnectTurns {
  readonly #options: ConnectTurnsOptions;
  /** A phone waits for its pairing, so that does not stand behind reconnects. */
  readonly #lanes = { reconnect: new PQueue({ concurrency: AT_ONCE }), pairing: new PQueue({ concurrency: AT_ONCE }) };

  constructor(options: ConnectTurnsOptions) {
    this.#options = options;
  }

  /** Asks until it is granted, however long that takes. @returns false when `signal` was aborted before */
  async take(request: TurnRequest, signal: AbortSignal): Promise<boolean> {
    for (let failures = 0; !signal.aborted;) {
      try {
        await this.#lanes[request.kind].add(async () => this.#options.ask(request, signal), { signal });
        return true;
      } catch (error) {
        if (error === signal.reason) break;
        // A supervisor that has not answered yet may hold everybody back, for good reasons.
        if (error instanceof AppError && error.code === 'DEADLINE_EXCEEDED') continue;
        this.#options.log.debug({ sessionId: request.sessionId, cause: messageOf(error) }, 'no turn to connect; asking again');
        // Aborting it is no failure: the loop looks.
        await sleep(backoffDelay(failures++, this.#options.pause ?? PAUSE, Math.random()), undefined, { signal }).catch(() => undefined);
      }
    }
    return false;
  }
}
