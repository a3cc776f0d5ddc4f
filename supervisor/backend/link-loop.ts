import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import { afterStep, initialLink, wantRegistration, type LinkState, type Step, type StepOutcome } from './link-state.js';

export interface LinkClock {
  /** Milliseconds of a monotonic clock. */
  now(): number;
  /** Unix milliseconds. */
  wall(): number;
  /** Calls `run` once after `ms`, unless the returned function is called before. */
  after(ms: number, run: () => void): () => void;
}

export interface LinkLoopOptions {
  /** Each settles by itself within a bounded time. */
  steps: Record<Step, () => Promise<StepOutcome>>;
  intervalMs: number;
  /** The backend knows this worker now; when it may have forgotten what it was told before, it is to be told again. */
  onKnown: (mayHaveForgotten: boolean) => void;
  log: Logger;
  clock?: LinkClock;
  random?: () => number;
}

const CLOCK: LinkClock = {
  now: () => performance.now(),
  wall: () => Date.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms).unref();
    return () => clearTimeout(timer);
  },
};

/** Registers and keeps the heart beating, one call at a time, for ever. */
export class LinkLoop {
  readonly #options: LinkLoopOptions;
  readonly #clock: LinkClock;
  readonly #random: () => number;
  #state: LinkState;
  #running: Step | undefined;
  #wanted = false;
  /** A heartbeat was answered 404 since the last registration. */
  #isForgotten = false;
  #waiters: ((taken: boolean) => void)[] = [];
  #cancelTimer: (() => void) | undefined;
  #stopped = true;

  constructor(options: LinkLoopOptions) {
    this.#options = options;
    this.#clock = options.clock ?? CLOCK;
    this.#random = options.random ?? Math.random;
    this.#state = initialLink(this.#clock.now());
  }

  get state(): Readonly<LinkState> {
    return this.#state;
  }

  start(): void {
    this.#stopped = false;
    this.#state = initialLink(this.#clock.now());
    this.#plan();
  }

  stop(): void {
    this.#stopped = true;
    this.#cancelTimer?.();
    this.#answerWaiters(false);
  }

  /** Registers as soon as that is allowed, once for all who ask meanwhile. @returns whether the backend took that try */
  async registerAgain(): Promise<boolean> {
    if (this.#stopped) return false;
    const answered = new Promise<boolean>((resolve) => this.#waiters.push(resolve));
    if (this.#running === undefined) this.#want();
    else if (this.#running === 'heartbeat') this.#wanted = true;
    return answered;
  }

  #want(): void {
    this.#state = wantRegistration(this.#state, this.#clock.now(), this.#random());
    this.#plan();
  }

  #plan(): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#clock.after(Math.max(0, this.#state.next.at - this.#clock.now()), () => {
      this.#cancelTimer = undefined;
      void this.#step();
    });
  }

  async #step(): Promise<void> {
    const { step } = this.#state.next;
    this.#running = step;
    const [begun, wall] = [this.#clock.now(), this.#clock.wall()];
    const outcome = await this.#outcomeOf(step);
    this.#running = undefined;
    if (this.#stopped) return;
    const before = this.#state;
    const moment = { begun, now: this.#clock.now(), wall, intervalMs: this.#options.intervalMs, random: this.#random() };
    const { state, mayHaveForgotten } = afterStep(before, outcome, moment);
    this.#state = state;
    if (outcome.kind === 'unknown') this.#isForgotten = true;
    this.#logChange(before, state);
    if (outcome.kind === 'taken') {
      this.#isForgotten = false;
      this.#options.onKnown(mayHaveForgotten);
    }
    if (step === 'register') this.#answerWaiters(outcome.kind === 'taken');
    if (this.#wanted) {
      this.#wanted = false;
      this.#want();
    } else {
      this.#plan();
    }
  }

  async #outcomeOf(step: Step): Promise<StepOutcome> {
    try {
      return await this.#options.steps[step]();
    } catch (error) {
      this.#options.log.error({ err: error, step }, 'a call to the backend could not be made');
      return { kind: 'failed', sentence: `The backend was not called: ${messageOf(error)}`, retryAfterMs: undefined };
    }
  }

  #answerWaiters(taken: boolean): void {
    for (const answer of this.#waiters.splice(0)) answer(taken);
  }

  /** One line per change, none per try. */
  #logChange(before: LinkState, { condition, status, sentence }: LinkState): void {
    const { log } = this.#options;
    if (condition === 'registered') {
      if (this.#isForgotten) log.warn('the backend had forgotten this worker, which is registered again');
      else if (before.lastRegistrationAt === undefined) log.info('registered with the backend');
      else if (before.condition === 'refused' || before.condition === 'unreachable') log.info('the backend takes this worker again');
    } else if (condition === 'refused' && (before.condition !== condition || before.status !== status)) {
      log.error({ status, cause: sentence }, 'the backend refuses this worker');
    } else if (condition === 'unreachable' && before.condition !== condition) {
      log.warn({ cause: sentence }, 'the backend cannot be used now, and is tried until it can');
    }
  }
}
