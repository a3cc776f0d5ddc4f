import type { Logger } from '../../shared/logging.js';

/** How far a start is with the sessions that it connects again. */
export interface RampView {
  sessions: number;
  /** For their turn, or for their runner. */
  waiting: number;
  connecting: number;
  /** At the pace so far, and never less than the rate allows. */
  secondsLeft: number;
}

export interface RampOptions {
  ratePerSecond: number;
  /** Milliseconds of a monotonic clock. */
  clock: () => number;
  isConnected: (sessionId: string) => boolean;
  log: Logger;
}

/** The sessions that a start connects again, until each of them has been connected or has failed once. */
export class Ramp {
  readonly #options: RampOptions;
  #sessions: readonly string[] = [];
  readonly #waiting = new Set<string>();
  readonly #connecting = new Set<string>();
  #startedAt = 0;
  #firstAt: number | undefined;
  #begun = 0;

  constructor(options: RampOptions) {
    this.#options = options;
  }

  begin(sessionIds: readonly string[]): void {
    const { clock, log, ratePerSecond } = this.#options;
    if (sessionIds.length === 0) return;
    this.#sessions = sessionIds;
    this.#startedAt = clock();
    for (const sessionId of sessionIds) this.#waiting.add(sessionId);
    log.info(
      { sessions: sessionIds.length, atLeastSeconds: Math.ceil((sessionIds.length - 1) / ratePerSecond) },
      'the sessions that were connected are connected again, one after another',
    );
  }

  /** The session's connect begins. */
  began(sessionId: string): void {
    if (!this.#waiting.delete(sessionId)) return;
    this.#connecting.add(sessionId);
    this.#firstAt ??= this.#options.clock();
    this.#begun++;
  }

  /** Its runner ended before it led to anything: it is connected once more. */
  returned(sessionId: string): void {
    if (this.#connecting.delete(sessionId)) this.#waiting.add(sessionId);
  }

  /** It was connected, or failed, or nobody wants it any more. */
  left(sessionId: string): void {
    if (!this.#waiting.delete(sessionId) && !this.#connecting.delete(sessionId)) return;
    if (this.#waiting.size + this.#connecting.size > 0) return;
    const { clock, log, isConnected } = this.#options;
    log.info(
      {
        sessions: this.#sessions.length,
        connected: this.#sessions.filter(isConnected).length,
        seconds: Math.round((clock() - this.#startedAt) / 100) / 10,
      },
      'every session that was connected has been tried',
    );
    this.#sessions = [];
  }

  /** Undefined when there is none. */
  view(): RampView | undefined {
    if (this.#sessions.length === 0) return undefined;
    const [waiting, connecting] = [this.#waiting.size, this.#connecting.size];
    return { sessions: this.#sessions.length, waiting, connecting, secondsLeft: Math.ceil(waiting * this.#secondsEach()) };
  }

  #secondsEach(): number {
    const { ratePerSecond, clock } = this.#options;
    const soFar = this.#begun > 1 ? (clock() - (this.#firstAt ?? 0)) / 1_000 / (this.#begun - 1) : 0;
    return Math.max(soFar, 1 / ratePerSecond);
  }
}
