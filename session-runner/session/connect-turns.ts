import { setTimeout as sleep } from 'node:timers/promises';
import PQueue from 'p-queue';
import { backoffDelay } from '../../shared/backoff.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { SUPERVISOR_CALLS } from '../../shared/ipc/protocol.js';
import type { ParamsOf, ResultOf } from '../../shared/ipc/wire.js';
import type { Logger } from '../../shared/logging.js';
import { ConnectSpacing } from './connect-spacing.js';

type TurnRequest = ParamsOf<typeof SUPERVISOR_CALLS, 'connect.turn'>;
type Turn = ResultOf<typeof SUPERVISOR_CALLS, 'connect.turn'>;

/** Asked for at once, of each kind: far fewer than the calls a runner may have open, so that what was received is taken meanwhile. */
const AT_ONCE = 32;
const PAUSE = { baseMs: 500, maxMs: 5_000 };

export interface ConnectTurnsOptions {
  /** Resolves when the connect may begin. */
  ask: (request: TurnRequest, signal: AbortSignal) => Promise<Turn>;
  log: Logger;
  pause?: typeof PAUSE;
}

/** Turns for the connects of one runner, of which hundreds may wait at once. */
export class ConnectTurns {
  readonly #options: ConnectTurnsOptions;
  /** A phone waits for its pairing, so that does not stand behind reconnects. */
  readonly #lanes = { reconnect: new PQueue({ concurrency: AT_ONCE }), pairing: new PQueue({ concurrency: AT_ONCE }) };
  readonly #spacing = new ConnectSpacing();

  constructor(options: ConnectTurnsOptions) {
    this.#options = options;
  }

  /** For a connect that has had its turn. @param grantedAt when, by the supervisor's clock */
  async granted(grantedAt: number, signal: AbortSignal): Promise<void> {
    await this.#spacing.turn(grantedAt, signal);
  }

  /** Asks until it is granted, however long that takes. @returns false when `signal` was aborted before */
  async take(request: TurnRequest, signal: AbortSignal): Promise<boolean> {
    for (let failures = 0; !signal.aborted;) {
      try {
        const { grantedAt } = await this.#lanes[request.kind].add(async () => this.#options.ask(request, signal), { signal });
        await this.granted(grantedAt, signal);
        return !signal.aborted;
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
