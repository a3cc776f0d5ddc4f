// One pace for every connect of the worker, whoever makes it: what the sessions tell becomes places in the throttle, the breaker and the ramp.
import type { Reason } from '../../shared/domain/session.js';
import { AppError } from '../../shared/errors.js';
import type { SessionFact, SUPERVISOR_CALLS } from '../../shared/ipc/protocol.js';
import type { ParamsOf } from '../../shared/ipc/wire.js';
import type { Logger } from '../../shared/logging.js';
import type { SessionRow } from '../supervisor-store.js';
import { CLOSED, failingOf, nextBreaker, type BreakerEvent } from './connect-breaker.js';
import { ConnectThrottle } from './connect-throttle.js';
import { wanted } from './desired-state.js';
import { Ramp, type RampView } from './ramp.js';
import type { Registry } from './registry.js';

/** Why connects are tried one at a time now. */
export interface BreakerView {
  reason: Reason;
  /** Unix milliseconds. */
  since: number;
  /** Sessions that fail for this reason, of those that should be connected. */
  failing: number;
  of: number;
}

export interface ConnectPacingOptions {
  registry: Pick<Registry, 'find' | 'rows' | 'onChange'>;
  ratePerSecond: number;
  /** First syncs at once, at most. */
  firstSyncs: number;
  log: Logger;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
  random?: () => number;
}

export class ConnectPacing {
  readonly throttle: ConnectThrottle;
  readonly ramp: Ramp;
  readonly #options: ConnectPacingOptions;
  readonly #clock: () => number;
  readonly #random: () => number;
  #breaker = CLOSED;
  #since = 0;

  constructor(options: ConnectPacingOptions) {
    this.#options = options;
    const { registry, ratePerSecond, firstSyncs, log } = options;
    this.#clock = options.clock ?? (() => performance.now());
    this.#random = options.random ?? Math.random;
    this.ramp = new Ramp({
      ...{ ratePerSecond, clock: this.#clock, log },
      isConnected: (sessionId) => registry.find(sessionId)?.state === 'connected',
    });
    this.throttle = new ConnectThrottle({
      ...{ ratePerSecond, firstSyncs, clock: this.#clock },
      gate: {
        notBefore: () => this.#breaker.trip?.notBefore ?? Number.NEGATIVE_INFINITY,
        atOnce: () => (this.#breaker.trip ? 1 : Number.POSITIVE_INFINITY),
        began: (sessionId, at) => {
          this.#hear({ type: 'began', sessionId, at, random: this.#random() });
          this.ramp.began(sessionId);
        },
      },
    });
    registry.onChange((row) => {
      this.#onChange(row);
    });
  }

  get breaker(): BreakerView | undefined {
    const { trip } = this.#breaker;
    return trip && { reason: trip.reason, since: this.#since, ...failingOf(this.#breaker, trip.reason, this.#wanted) };
  }

  get rampView(): RampView | undefined {
    return this.ramp.view();
  }

  /** Resolves when a runner may connect a session again. @throws SESSION_NOT_CONNECTED when it should not; the signal's reason */
  async turn({ sessionId, epoch, kind }: ParamsOf<typeof SUPERVISOR_CALLS, 'connect.turn'>, signal: AbortSignal): Promise<void> {
    const row = this.#options.registry.find(sessionId);
    if (!row || row.epoch !== epoch || !wanted(row)) throw new AppError('SESSION_NOT_CONNECTED', 'Nobody wants this session connected.');
    await this.throttle.turn({ sessionId, priority: kind, signal });
  }

  /** To be called after the session's state follows from the fact. */
  onFact(sessionId: string, epoch: number, fact: SessionFact): void {
    const row = this.#options.registry.find(sessionId);
    if (row?.epoch !== epoch) return;
    const at = this.#clock();
    switch (fact.type) {
      case 'connecting':
      case 'paired':
      case 'deaf':
      case 'restricted':
      case 'unrestricted':
        return;
      case 'caught_up':
        this.throttle.synced(sessionId);
        return;
      case 'qr':
      case 'open':
        this.#hear({ type: fact.type, sessionId, at, wanted: this.#wanted });
        break;
      case 'closed':
        this.#hear({
          ...{ type: 'failed', sessionId, reason: fact.reason, at, random: this.#random() },
          ...{ wanted: this.#wanted, givenUp: !wanted(row) },
        });
        this.throttle.synced(sessionId);
    }
    this.ramp.left(sessionId);
    this.throttle.settled(sessionId);
  }

  /** The runner of a slot has ended, and with it whatever was under way there. */
  onRunnerExited(slot: number): void {
    for (const { sessionId } of this.#options.registry.rows().filter((row) => row.slot === slot)) {
      this.ramp.returned(sessionId);
      this.throttle.synced(sessionId);
      this.throttle.settled(sessionId);
    }
  }

  #onChange({ sessionId, state }: Readonly<SessionRow>): void {
    const isGone = !this.#options.registry.find(sessionId) || state === 'disconnected' || state === 'logged_out';
    if (!isGone && (state === 'connecting' || state === 'reconnecting')) return;
    if (isGone) {
      this.#hear({ type: 'left', sessionId, at: this.#clock(), wanted: this.#wanted });
      this.throttle.synced(sessionId);
    }
    this.ramp.left(sessionId);
    this.throttle.settled(sessionId);
  }

  get #wanted(): number {
    return this.#options.registry.rows().filter(wanted).length;
  }

  #hear(event: BreakerEvent): void {
    const before = this.#breaker.trip;
    this.#breaker = nextBreaker(this.#breaker, event);
    const { trip } = this.#breaker;
    if (Boolean(trip) === Boolean(before)) return;
    const { log } = this.#options;
    if (trip) {
      this.#since = Date.now();
      log.warn({ ...this.breaker }, 'many sessions fail alike; connects are tried one at a time until one is open');
    } else if (before) {
      log.info(
        { reason: before.reason, tried: before.tried.size, seconds: Math.round((event.at - before.at) / 100) / 10 },
        'connects go on at full rate',
      );
      // What comes next meets a WhatsApp that has only just recovered.
      this.throttle.spendSaved();
    }
    this.throttle.look();
  }
}
