import { messageOf } from '../../../shared/errors.js';
import type { Registry } from '../../placement/registry.js';
import type { BackendAnswer, BackendClient } from '../backend-request.js';
import type { Dialect, Prefixes } from '../dialects/dialect.js';
import type { Report, ReportedQr } from '../report.js';
import type { WebhookBudget } from '../webhook-budget.js';
import type { Breaker } from '../../delivery/breaker.js';
import { probeOf, type Flight, type Lane } from './lane.js';
import type { Outbox } from './outbox.js';
import { newQr, qrFor } from './qr-reports.js';
import { reportOf } from './report-of.js';
import type { ReportsTime } from './reports-time.js';

export interface DeliveryOptions {
  registry: Registry;
  client: BackendClient;
  dialect: Dialect;
  prefixes: Prefixes;
  workerId: () => string;
  budget: WebhookBudget;
  time: ReportsTime;
  outbox: Outbox;
  breaker: Breaker;
  /** Reports under way at once. */
  parallel: number;
  /** Whether the backend knows this worker, as far as anybody can tell; when not, nobody tries for all. */
  mayProbe: () => boolean;
  /** What an answer leads to; resolves when the session may go on. Never rejects. */
  settle: (lane: Lane, flight: Flight, report: Report, answer: BackendAnswer) => Promise<void>;
  /** More reports of the session wait than may. Never rejects. */
  trim: (lane: Lane) => Promise<void>;
}

/** How long after a request about a session its reports go before all others: somebody looks at a QR code. */
const AWAITED_MS = 5 * 60_000;

/** Sends reports: one at a time of a session, a bounded number of all, each session in its turn but for those somebody waits for. */
export class Delivery {
  readonly #options: DeliveryOptions;
  /** Sessions that may have something to send, in their turn. */
  readonly #ready = new Set<Lane>();
  /** Sessions that wait after a failure of their own. */
  readonly #paused = new Set<Lane>();
  /** Sessions that somebody waits for, and until when; in milliseconds that never step back. */
  readonly #awaited = new Map<string, number>();
  #state: 'idle' | 'running' | 'last round' | 'stopped' = 'idle';
  #inFlight = 0;
  #settling = 0;
  #probing = false;
  #endWait: (() => void) | undefined;
  #onRoundEnd: (() => void) | undefined;

  constructor(options: DeliveryOptions) {
    this.#options = options;
  }

  get state(): 'idle' | 'running' | 'last round' | 'stopped' {
    return this.#state;
  }

  start(): void {
    if (this.#state === 'idle') this.#state = 'running';
    this.pump();
  }

  /** Something of the session may be sent now. */
  wake(sessionId: string): void {
    const lane = this.#options.outbox.find(sessionId);
    if (!lane || this.#state === 'stopped') return;
    this.#ready.add(lane);
    this.pump();
  }

  hold(sessionId: string): () => void {
    const lane = this.#options.outbox.lane(sessionId);
    this.#awaited.set(sessionId, this.#options.time.elapsed() + AWAITED_MS);
    lane.holds++;
    let released = false;
    return () => {
      if (released) return;
      released = true;
      lane.holds--;
      this.wake(sessionId);
      this.#options.outbox.forgetIdle(lane);
    };
  }

  /** The session is tried again after `ms`. */
  pause(lane: Lane, ms: number): void {
    const { time } = this.#options;
    this.#unpause(lane);
    lane.dueAt = time.elapsed() + ms;
    this.#paused.add(lane);
    lane.endWait = time.after(ms, () => {
      this.#unpause(lane);
      this.wake(lane.sessionId);
    });
  }

  /** Every session that waits after a failure may be tried again. */
  endPauses(): void {
    for (const lane of [...this.#paused]) {
      this.#unpause(lane);
      this.#ready.add(lane);
    }
  }

  leave(sessionId: string): void {
    const lane = this.#options.outbox.find(sessionId);
    if (!lane) return;
    this.#unpause(lane);
    this.#ready.delete(lane);
    this.#awaited.delete(sessionId);
    this.#options.outbox.leave(sessionId);
  }

  /** Sends what may be sent now. */
  pump(): void {
    while (this.#isRunning() && this.#inFlight < this.#options.parallel) {
      const lane = this.#choose();
      if (!lane) break;
      const waitMs = this.#options.budget.take();
      if (waitMs > 0) {
        this.#pumpAfter(waitMs);
        if (this.#inFlight + this.#settling === 0) this.#onRoundEnd?.();
        return;
      }
      this.#ready.delete(lane);
      void this.#send(lane);
    }
    if (this.#inFlight + this.#settling === 0) this.#onRoundEnd?.();
  }

  /** Tries once more what is unsent, unless the backend is away, then sends nothing any more. */
  async stop(withinMs: number): Promise<void> {
    if (this.#state === 'running' && !this.#options.breaker.cause) {
      this.#state = 'last round';
      this.endPauses();
      await new Promise<void>((resolve) => {
        const endWait = this.#options.time.after(withinMs, resolve);
        this.#onRoundEnd = () => {
          endWait();
          resolve();
        };
        this.pump();
      });
    }
    this.#state = 'stopped';
    this.#onRoundEnd = undefined;
    this.#endWait?.();
    for (const lane of [...this.#paused]) this.#unpause(lane);
  }

  #isRunning(): boolean {
    return this.#state === 'running' || this.#state === 'last round';
  }

  #choose(): Lane | undefined {
    const { breaker, time, mayProbe } = this.#options;
    if (!breaker.cause) return this.#firstAwaited() ?? this.#eligible().next().value;
    if (this.#probing || this.#state === 'last round') return undefined;
    const waitMs = breaker.waitMs(time.elapsed());
    if (waitMs > 0) this.#pumpAfter(waitMs);
    else if (mayProbe()) return probeOf(this.#eligible());
    return undefined;
  }

  /** Where the backend takes few reports a minute, the rest of a ramp may keep it busy for many. */
  #firstAwaited(): Lane | undefined {
    const { outbox, time } = this.#options;
    for (const [sessionId, until] of this.#awaited) {
      const lane = outbox.find(sessionId);
      if (until <= time.elapsed()) this.#awaited.delete(sessionId);
      else if (lane && this.#ready.has(lane) && this.#isEligible(lane)) return lane;
    }
    return undefined;
  }

  *#eligible(): Generator<Lane, undefined> {
    for (const lane of this.#ready) {
      if (this.#isEligible(lane)) yield lane;
      else {
        this.#ready.delete(lane);
        this.#options.outbox.forgetIdle(lane);
      }
    }
    return undefined;
  }

  #isEligible(lane: Lane): boolean {
    const { outbox, time } = this.#options;
    if (lane.flight || lane.holds > 0 || lane.dueAt > time.elapsed()) return false;
    return outbox.hasUnsent(lane) ? outbox.isCommitted(lane) : this.#newQr(lane) !== undefined;
  }

  async #send(lane: Lane): Promise<void> {
    const { breaker, time, outbox } = this.#options;
    const load = this.#load(lane);
    if (!load) {
      if (outbox.hasUnsent(lane)) outbox.skip(lane);
      return this.wake(lane.sessionId);
    }
    const { report, qr } = load;
    const flight: Flight = {
      seq: load.isNews ? undefined : report.seq,
      qr: qr?.value,
      leftAt: time.elapsed(),
      probe: breaker.cause !== undefined,
      dropped: false,
    };
    lane.flight = flight;
    this.#inFlight++;
    if (flight.probe) {
      this.#probing = true;
      lane.probedAt = flight.leftAt;
    }
    const answer = await this.#call(report, qr);
    this.#inFlight--;
    if (flight.probe) this.#probing = false;
    // Nothing is written any more: the report is sent again after the next start.
    if (!this.#isRunning()) return;
    this.#settling++;
    const settled = this.#options.settle(lane, flight, report, answer);
    this.pump();
    await settled;
    lane.flight = undefined;
    if (this.state !== 'stopped' && outbox.isOverfull(lane)) await this.#options.trim(lane);
    this.#settling--;
    if (this.state === 'stopped') return;
    this.#ready.add(lane);
    this.pump();
  }

  /** What the session has to tell now: its next report, or a new QR code. */
  #load(lane: Lane): { report: Report; qr: ReportedQr | undefined; isNews: boolean } | undefined {
    const { registry, time, outbox } = this.#options;
    const row = registry.find(lane.sessionId);
    if (!row) return undefined;
    const now = time.now();
    if (!outbox.hasUnsent(lane)) {
      const qr = this.#newQr(lane);
      return qr && { report: { ...reportOf(row), at: now }, qr, isNews: true };
    }
    const report = outbox.next(lane);
    return report && { report, qr: qrFor(report, { row, qr: registry.qr(lane.sessionId), now }), isNews: false };
  }

  #newQr({ sessionId, toldQr }: Lane): ReportedQr | undefined {
    const { registry, dialect, time } = this.#options;
    const row = registry.find(sessionId);
    if (!row || row.deleting || !dialect.isReported(row)) return undefined;
    return newQr({ row, qr: registry.qr(sessionId), told: toldQr, now: time.now() });
  }

  async #call(report: Report, qr: ReportedQr | undefined): Promise<BackendAnswer> {
    const { client, dialect, workerId, prefixes } = this.#options;
    try {
      return await client.call(dialect.report(report, qr, workerId(), prefixes));
    } catch (error) {
      // Of this report alone: the others go on.
      return { kind: 'failed', status: 500, sentence: `the report could not be made: ${messageOf(error)}`, retryAfterMs: undefined };
    }
  }

  #unpause(lane: Lane): void {
    lane.endWait?.();
    lane.endWait = undefined;
    lane.dueAt = 0;
    this.#paused.delete(lane);
  }

  #pumpAfter(ms: number): void {
    this.#endWait?.();
    this.#endWait = this.#options.time.after(ms, () => {
      this.#endWait = undefined;
      this.pump();
    });
  }
}
