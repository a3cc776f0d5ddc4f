import { messageOf } from '../../../shared/errors.js';
import type { Logger } from '../../../shared/logging.js';
import type { Breaker } from '../../delivery/breaker.js';
import type { ReportsTime } from './reports-time.js';

export interface ReregistrationOptions {
  /** @returns whether the backend took the registration */
  registerAgain: () => Promise<boolean>;
  breaker: Breaker;
  time: ReportsTime;
  log: Logger;
  /** Something may be sent now. */
  pump: () => void;
}

/** Introduces the worker again to a backend that refuses it, before its reports are tried again. */
export class Reregistration {
  readonly #options: ReregistrationOptions;
  #state: 'known' | 'asking' | 'unknown' = 'known';
  #sentence = '';

  constructor(options: ReregistrationOptions) {
    this.#options = options;
  }

  begin(sentence: string): void {
    this.#sentence = sentence;
    if (this.#state !== 'asking') void this.#ask();
  }

  /** Whether a report may be tried; asks again when the backend did not take the worker last time. */
  mayProbe(): boolean {
    const { breaker } = this.#options;
    if (breaker.cause === 'failing' || this.#state === 'known') return true;
    if (this.#state === 'unknown') void this.#ask();
    return false;
  }

  /** The worker was registered by somebody else. */
  registered(): void {
    const { breaker, time } = this.#options;
    if (breaker.cause === 'failing') breaker.hurry(time.elapsed());
    if (this.#state !== 'unknown') return;
    this.#state = 'known';
    breaker.hurry(time.elapsed());
  }

  async #ask(): Promise<void> {
    const { registerAgain, breaker, time, log, pump } = this.#options;
    this.#state = 'asking';
    let taken = false;
    try {
      taken = await registerAgain();
    } catch (error) {
      log.warn({ cause: messageOf(error) }, 'the worker could not be registered again');
    }
    this.#state = taken ? 'known' : 'unknown';
    if (!taken && breaker.cause !== 'failing') breaker.retryLater(this.#sentence, time.elapsed(), time.random());
    pump();
  }
}
