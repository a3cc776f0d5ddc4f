import type { Logger } from '../../../shared/logging.js';
import type { Registry } from '../../placement/registry.js';
import type { BackendAnswer } from '../backend-request.js';

import type { WebhookBudget } from '../webhook-budget.js';
import type { Breaker } from '../../delivery/breaker.js';
import type { DeadLetters } from '../../delivery/dead-letters.js';
import type { DeadReport, Report } from '../report.js';
import type { Delivery } from './delivery.js';
import { countFailure, forgive, lanePause, strike, type Blame, type Flight, type Lane } from './lane.js';
import type { Outbox } from './outbox.js';
import { RefusalStreak } from './refusal-streak.js';
import type { Reregistration } from './reregistration.js';
import type { ReportsTime } from './reports-time.js';
import type { Revival } from './revival.js';
import type { SureCommits } from './sure-commits.js';
import { verdictOf, type Verdict } from './verdict.js';

export interface OutcomesOptions {
  registry: Registry;
  outbox: Outbox;
  dead: DeadLetters<DeadReport>;
  breaker: Breaker;
  budget: WebhookBudget;
  commits: SureCommits;
  revival: Revival;
  reregistration: Reregistration;
  delivery: () => Delivery;
  time: ReportsTime;
  log: Logger;
}

interface Sent extends Blame {
  lane: Lane;
  flight: Flight;
  report: Report;
}

/** A final refusal says nothing about failures. */
const NONE: Blame = { alone: false, lately: false };

/** What the answers of the backend lead to. */
export class Outcomes {
  readonly #options: OutcomesOptions;
  readonly #streak = new RefusalStreak();
  readonly #burials = new Set<Promise<unknown>>();
  #accepted = 0;
  /** Of these troubles the log knows. */
  readonly #told = new Set<string>();

  constructor(options: OutcomesOptions) {
    this.#options = options;
  }

  /** Resolves when the session may go on. */
  async settle(lane: Lane, flight: Flight, report: Report, answer: BackendAnswer): Promise<void> {
    const verdict = verdictOf(answer);
    if (verdict.is === 'accepted') return this.#onAccepted(lane, flight);
    if (verdict.is === 'final') return this.#onFinal({ lane, flight, report, ...NONE }, verdict);
    const sent = { lane, flight, report, ...countFailure(lane, this.#accepted) };
    if (verdict.is === 'unauthorized') this.#onUnauthorized(sent, verdict.sentence);
    else return this.#onFailed(sent, verdict, answer);
  }

  async #onAccepted(lane: Lane, flight: Flight): Promise<void> {
    const { registry, outbox, commits, time } = this.#options;
    this.#accepted++;
    this.#streak.end();
    this.#closeBreaker();
    forgive(lane);
    if (flight.dropped) return;
    if (flight.qr !== undefined && registry.qr(lane.sessionId)) lane.toldQr = flight.qr;
    if (flight.seq === undefined) return;
    await commits.commit(outbox.accepted(lane, flight.seq, time.now()), () => !flight.dropped);
  }

  async #onFinal(sent: Sent, { status, sentence }: Verdict & { is: 'final' }): Promise<void> {
    const { breaker } = this.#options;
    const { lane, flight } = sent;
    // The backend answers about sessions again; whether that is the session's fault shows by how many it refuses.
    if (flight.probe && breaker.cause !== 'streak') this.#closeBreaker();
    if (this.#streak.refused(lane.sessionId) || breaker.cause === 'streak') {
      this.#refuse('streak', sent, sentence);
      return this.#bringBack();
    }
    if (flight.dropped) return;
    if (flight.seq === undefined) lane.toldQr = flight.qr;
    else await this.#bury(sent, status, sentence, true);
  }

  #onUnauthorized(sent: Sent, sentence: string): void {
    const { delivery, time } = this.#options;
    if (sent.alone) delivery().pause(sent.lane, lanePause(sent.lane, 'refused', time.random()));
    if (!sent.alone || sent.flight.probe) this.#refuse('unauthorized', sent, sentence);
  }

  async #onFailed(sent: Sent, verdict: Verdict & { sentence: string }, answer: BackendAnswer): Promise<void> {
    const { breaker, budget, delivery, time } = this.#options;
    const { lane, flight } = sent;
    const now = time.elapsed();
    const atLeastMs = verdict.is === 'busy' ? verdict.pauseMs : undefined;
    if (atLeastMs !== undefined) budget.pause(atLeastMs);
    let opened = false;
    const isNews = flight.leftAt >= breaker.closedAt;
    if (flight.probe) breaker.retryLater(verdict.sentence, now, time.random(), atLeastMs);
    else if (verdict.is === 'failing' && isNews) opened = breaker.failure(lane.sessionId, verdict.sentence, now, time.random());
    // A session whose reports hang while others get through stops nobody else.
    else if (verdict.is === 'busy' || (isNews && !sent.alone))
      opened = breaker.trip('failing', verdict.sentence, now, time.random(), atLeastMs);
    if (opened) this.#opened(verdict.sentence);
    // While the backend is away for all, nobody waits longer than all.
    const isServerError = verdict.is === 'failing' || (verdict.is === 'busy' && verdict.serverError);
    if (flight.dropped || (!sent.alone && (breaker.cause || !isServerError))) return;
    if (sent.lately && isServerError && flight.seq !== undefined && strike(lane)) {
      await this.#bury(sent, statusOf(answer), verdict.sentence, false);
    } else delivery().pause(lane, lanePause(lane, 'failing', time.random()));
  }

  /** The backend does not take this worker: nothing is given up, and the worker introduces itself again. */
  #refuse(cause: 'unauthorized' | 'streak', { lane, flight }: Sent, sentence: string): void {
    const { breaker, reregistration, time, log } = this.#options;
    const now = time.elapsed();
    lane.probedAt = now;
    if (flight.probe && breaker.cause === cause) {
      // The backend took the registration before this try.
      this.#tellOnce('refused', () => {
        log.error({ sentence }, 'the backend knows this worker but refuses its reports, which wait: check BACKEND_WEBHOOK_PREFIX');
      });
      breaker.retryLater(sentence, now, time.random());
    } else if (breaker.trip(cause, sentence, now, time.random())) {
      this.#tellOnce('refusing', () => {
        log.warn({ sentence }, 'the backend refuses reports; they wait, and the worker registers again');
      });
      this.#options.delivery().endPauses();
    } else return;
    reregistration.begin(sentence);
  }

  #opened(sentence: string): void {
    this.#tellOnce('failing', () => {
      this.#options.log.warn({ sentence }, 'the backend takes no reports; they wait');
    });
    this.#options.delivery().endPauses();
  }

  /** Until the backend takes reports again. */
  #tellOnce(trouble: string, tell: () => void): void {
    if (!this.#told.has(trouble)) tell();
    this.#told.add(trouble);
  }

  #closeBreaker(): void {
    if (!this.#options.breaker.success(this.#options.time.elapsed())) return;
    this.#told.clear();
    this.#options.log.info('the backend takes reports again');
    this.#options.delivery().endPauses();
  }

  async #bury({ lane, flight, report }: Sent, status: number, sentence: string, isStreak: boolean): Promise<void> {
    const { outbox, dead, commits, time, log } = this.#options;
    const { sessionId, seq } = report;
    log.warn({ sessionId, seq, status, sentence }, 'the backend refused a report for good');
    const { id, writes } = dead.bury({ report, status, sentence, diedAt: time.now() });
    if (isStreak) this.#streak.buried(id);
    forgive(lane);
    const burial = commits.commit([...writes, ...outbox.refused(lane, seq)], () => !flight.dropped);
    this.#burials.add(burial);
    await burial;
    this.#burials.delete(burial);
  }

  /** What died in this streak was not at fault. */
  async #bringBack(): Promise<void> {
    const ids = this.#streak.end();
    await Promise.all(this.#burials);
    if (this.#options.commits.isStopped) return;
    await this.#options.revival.revive(ids, (reports) => reports);
  }
}

const statusOf = (answer: BackendAnswer): number => answer.status ?? 0;
