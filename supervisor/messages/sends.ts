import { isDeepStrictEqual } from 'node:util';
import { withoutDevice } from '../../shared/domain/ids.js';
import { refers } from '../../shared/domain/outgoing.js';
import { AppError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import { TABLES, type IdempotencyRow, type Intent, type SessionRow } from '../supervisor-store.js';
import type { QueuedSend, SendRequest, SendResult } from '../worker.js';
import type { History, StatusMove } from './history.js';
import { keyRow } from './idempotency.js';
import { Pauses } from './pauses.js';
import { newPending, type PendingSend } from './pending-send.js';
import { ReachOut } from './reach-out.js';
import { findReferred, referencesOf, type ReferredMessages } from './referred-messages.js';
import { acceptWrites, newIntent, type Acceptance, type ReadyRequest } from './send-acceptance.js';
import { SendDispatch } from './send-dispatch.js';
import { SendOutcomes } from './send-outcomes.js';
import type { SendPace } from './send-pace.js';
import { SendPacing } from './send-pacing.js';
import { SendQueues } from './send-queues.js';
import type { SendUploads } from './send-uploads.js';
import { asAppError, assertCanQueue, assertCanSend, assertHasRoom, fingerprintOf, stillBeingSent, stillWaits } from './send-rules.js';
import { WaitingSends } from './waiting-sends.js';

export interface SendsOptions {
  store: Store;
  /** Through which history is changed; the store itself unless given. */
  commits?: Commits;
  registry: Registry;
  fleet: Fleet;
  history: History;
  log: Logger;
  /** How long a client waits for the outcome. */
  deadlineMs: number;
  /** Sends of one session that may have no outcome. */
  queueLimit: number;
  /** How fast a session sends. */
  paceOf: (sessionId: string) => SendPace;
  /** Brings files to WhatsApp. */
  uploads?: SendUploads;
  /** Called when an outcome is committed that moved its message's status. */
  onMoved?: (move: StatusMove) => void;
}

const SWEEP_MS = 10 * 60_000;

/** Sends each accepted message under one id chosen before, through crashes of the runner and of this process, until WhatsApp confirms it. */
export class Sends {
  readonly #options: SendsOptions & { commits: Commits };
  readonly #queues = new SendQueues();
  readonly #pauses = new Pauses();
  readonly #outcomes: SendOutcomes;
  readonly #dispatch: SendDispatch;
  readonly #pacing: SendPacing;
  readonly #reachOut: ReachOut;
  /** What waits, for clients to see. */
  readonly waiting: WaitingSends;
  #order = Date.now();

  constructor(options: SendsOptions) {
    this.#options = { commits: options.store, ...options };
    this.#pacing = new SendPacing(options.store, options.paceOf);
    this.#reachOut = new ReachOut({ ...this.#options, pauses: this.#pauses });
    const parts = { ...this.#options, reachOut: this.#reachOut, queues: this.#queues, pauses: this.#pauses, pacing: this.#pacing };
    this.#outcomes = new SendOutcomes({ onMoved: undefined, ...parts });
    this.#dispatch = new SendDispatch({ uploads: undefined, ...parts, outcomes: this.#outcomes });
    this.waiting = new WaitingSends({ ...parts, outcomes: this.#outcomes });
  }

  /** Takes up what an earlier process accepted and did not finish. */
  async start(): Promise<void> {
    const { store, registry } = this.#options;
    await this.#outcomes.sweep();
    for (const { value } of store.range<Intent>(TABLES.intents)) {
      this.#order = Math.max(this.#order, value.order);
      this.#queues.add(newPending(value, { accepted: true, dispatched: !value.noted || value.handedAt !== undefined }));
    }
    for (const sessionId of this.#queues.sessionIds()) this.#failLost(sessionId);
    this.#reachOut.start();
    registry.onChange(({ sessionId, state }) => {
      if (state === 'connected') this.#dispatch.pump(sessionId);
      this.#failLost(sessionId);
    });
    this.#pauses.every(SWEEP_MS, () => void this.#outcomes.sweep());
  }

  /** Ends every wait; what is not finished goes on after the next start. */
  stop(): void {
    this.#pauses.stop();
    for (const pending of this.#queues.all()) {
      if (pending.dispatched) pending.reject(stillBeingSent(pending.intent, 'DRAINING'));
      else if (pending.intent.queued) pending.reject(stillWaits(pending.intent, 'DRAINING'));
      else void this.#outcomes.finish(pending, stopping(), true);
    }
  }

  /** Another pace of a session is about to be committed. @returns what to commit with it; `pump` is to be called then */
  repace(sessionId: string, before: SendPace, after: SendPace): Write[] {
    return isDeepStrictEqual(before, after) ? [] : this.#pacing.change(sessionId, before, after, Date.now());
  }

  /** Looks what may go now. */
  pump(sessionId: string): void {
    this.#dispatch.pump(sessionId);
  }

  /** Sends without an outcome. */
  get size(): number {
    return this.#queues.size;
  }

  /** See `Worker`. */
  async send(request: SendRequest): Promise<SendResult> {
    const { sessionId } = request;
    const referred = refers(request.content) ? await this.#referred(request, assertCanSend) : {};
    const row = this.#options.registry.get(sessionId);
    const known = this.#known(request);
    if (known) return this.#result(known);
    assertCanSend(row);
    this.#assertMayReach(request);
    this.#assertRoom(sessionId, this.#options.deadlineMs);
    const { content } = request;
    if ('bring' in content) return this.send({ ...request, content: await content.bring() });
    const pending = await this.#accept({ ...request, content }, referred, row, this.#pacing.isPaced(sessionId) ? { noted: true } : {});
    this.#dispatch.pump(sessionId);
    return this.#wait(pending);
  }

  /** See `Worker`. */
  async enqueue(request: SendRequest): Promise<SendResult | QueuedSend> {
    const { sessionId } = request;
    const referred = refers(request.content) ? await this.#referred(request, assertCanQueue) : {};
    const row = this.#options.registry.get(sessionId);
    const known = this.#known(request);
    const before = known && this.#queues.find(known.messageId);
    if (known && !before) return this.#result(known);
    if (before) {
      if (!before.accepted) throw beingAccepted();
      await this.#keep(before);
      return this.waiting.view(before) ?? before.outcome;
    }
    assertCanQueue(row);
    this.#assertMayReach(request);
    this.#assertRoom(sessionId);
    const { content } = request;
    if ('bring' in content) return this.enqueue({ ...request, content: await content.bring() });
    const pending = await this.#accept({ ...request, content }, referred, row, { queued: true, noted: true });
    const view = this.waiting.view(pending);
    this.#dispatch.pump(sessionId);
    return view ?? pending.outcome;
  }

  #assertMayReach(request: SendRequest): void {
    const refusal = this.#reachOut.refusal(request);
    if (refusal) throw refusal;
  }

  /** @param withinMs of what must have been sent by then or not be accepted */
  #assertRoom(sessionId: string, withinMs?: number): void {
    const queue = this.#queues.of(sessionId);
    const ahead = queue.filter(({ dispatched, finishing }) => !dispatched && !finishing).map(({ intent }) => intent);
    const now = Date.now();
    const waitMs = this.#pacing.startAt(sessionId, ahead, now) - now;
    assertHasRoom({ queued: queue.length, limit: this.#options.queueLimit, waitMs, withinMs });
  }

  /** Nobody waits for it from now on; it stays in its queue nevertheless. */
  async #keep(pending: PendingSend): Promise<void> {
    const { intent } = pending;
    if (pending.dispatched || intent.queued) return;
    // At once: what is committed of it from now on says so too.
    pending.intent = { ...intent, queued: true, noted: true };
    await this.#options.store.commit([{ table: TABLES.intents, key: [intent.sessionId, intent.order], value: pending.intent }]);
  }

  /** Of a request that was accepted before, the messages may be gone by now. */
  async #referred(request: SendRequest, assertCan: (row: Readonly<SessionRow>) => void): Promise<ReferredMessages> {
    const { store, history, registry } = this.#options;
    const row = registry.get(request.sessionId);
    if (keyRow(store, request.sessionId, request.idempotencyKey)) return {};
    assertCan(row);
    return findReferred(history, request);
  }

  async #accept(
    request: ReadyRequest,
    referred: ReferredMessages,
    row: Readonly<SessionRow>,
    acceptance: Acceptance,
  ): Promise<PendingSend> {
    // Its file may have taken a while.
    if (this.#pauses.stopped) throw stopping();
    const { store, history, commits } = this.#options;
    const references = referencesOf(referred, request.content, row.lid && withoutDevice(row.lid));
    const intent = newIntent(request, references, ++this.#order, acceptance);
    const committed = commits.commit(acceptWrites(intent, request, referred, row, { store, history }));
    // In the turn of the commit: whoever sees its key also finds it here.
    const pending = newPending(intent, { accepted: false, dispatched: false });
    this.#queues.add(pending);
    try {
      await committed;
      pending.accepted = true;
    } catch (error) {
      this.#queues.remove(pending);
      // Somebody with the same key may wait for it already.
      pending.reject(asAppError(error));
      throw error;
    }
    return pending;
  }

  /** What was asked for under its key before. */
  #known(request: SendRequest): IdempotencyRow | undefined {
    const known = keyRow(this.#options.store, request.sessionId, request.idempotencyKey);
    if (known && known.fingerprint !== fingerprintOf(request)) {
      throw new AppError('IDEMPOTENCY_CONFLICT', 'This idempotency key was used for another message.');
    }
    return known;
  }

  async #result(known: IdempotencyRow): Promise<SendResult> {
    // First: a failure is seen here while it is still being written, and until it is on disk nobody may hear of it.
    const pending = this.#queues.find(known.messageId);
    if (pending) return this.#wait(pending);
    const { outcome, messageId } = known;
    if (!outcome) throw beingAccepted();
    if ('code' in outcome) throw new AppError(outcome.code, outcome.message, { details: { messageId } });
    return { messageId, ...outcome };
  }

  async #wait(pending: PendingSend): Promise<SendResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, this.#options.deadlineMs, 'late')));
    const first = await Promise.race([pending.outcome, late]).finally(() => {
      clearTimeout(timer);
    });
    if (first !== 'late') return first;
    if (pending.dispatched) throw stillBeingSent(pending.intent, 'DEADLINE_EXCEEDED');
    if (pending.intent.queued) throw stillWaits(pending.intent, 'DEADLINE_EXCEEDED');
    await this.#outcomes.finish(pending, this.#tooLate(pending.intent), true);
    return pending.outcome;
  }

  #tooLate({ sessionId }: Intent): AppError {
    const options = { retryAfterSeconds: 5 };
    return this.#options.registry.find(sessionId)?.state === 'connected'
      ? new AppError('RATE_LIMITED', 'Its turn did not come in time; the message was not sent.', options)
      : new AppError('SESSION_NOT_CONNECTED', 'The session did not connect in time; the message was not sent.', options);
  }

  /** Ends what waits for a session that cannot send any more. */
  #failLost(sessionId: string): void {
    const row = this.#options.registry.find(sessionId);
    if (row && row.state !== 'logged_out') return;
    if (!row) this.#pacing.forget(sessionId);
    const failure = row
      ? new AppError('SESSION_LOGGED_OUT', 'The session was logged out before the message was confirmed.')
      : new AppError('SESSION_NOT_FOUND', 'The session was deleted before the message was confirmed.');
    for (const pending of this.#queues.of(sessionId)) void this.#outcomes.finish(pending, failure);
  }
}

const beingAccepted = (): AppError =>
  new AppError('BUSY', 'The first request with this key is being accepted; try again.', { retryAfterSeconds: 1 });

const stopping = (): AppError => new AppError('DRAINING', 'The worker is stopping; the message was not sent.', { retryAfterSeconds: 5 });
