// When the slot may start again, by the restart policy and its memory of earlier ends.
import type { Verdict } from './exit-verdict.js';
import { NO_HISTORY, afterExit, type RestartDecision, type RestartHistory } from './restart-policy.js';

export class RestartPlan {
  readonly #clock: () => number;
  readonly #random: () => number;
  #history: RestartHistory = NO_HISTORY;
  #notBefore = 0;
  #quarantined = false;

  constructor(clock: () => number, random: () => number) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Milliseconds to wait before the next start. */
  get waitMs(): number {
    return Math.max(0, this.#notBefore - this.#clock());
  }

  /** In quarantine even somebody who asks has to wait. */
  get quarantined(): boolean {
    return this.#quarantined && this.waitMs > 0;
  }

  ended(verdict: Verdict, readySince: number | undefined): RestartDecision {
    const at = this.#clock();
    const decision = afterExit(this.#history, { verdict, at, readySince }, this.#random());
    this.#history = decision.history;
    this.#quarantined = decision.action === 'quarantine';
    this.#notBefore = at + decision.delayMs;
    return decision;
  }
}
