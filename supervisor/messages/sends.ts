import { withoutDevice } from '../../shared/domain/ids.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import { TABLES, type IdempotencyRow, type Intent, type SessionRow } from '../supervisor-store.js';
import type { SendRequest, SendResult } from '../worker.js';
import type { History, StatusMove } from './history.js';
import { forgetKey, keyRow, keyWrites, oldKeys } from './idempotency.js';
import { asAppError, assertCanSend, fingerprintOf, isWorthAnotherTry, newMessageId, stillBeingSent } from './send-rules.js';

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
  /** Called when an outcome is committed that moved its message's status. */
  onMoved?: (move: StatusMove) => void;
}

/** A send whose outcome is not known yet. */
interface Pending {
  intent: Intent;
  outcome: Promise<SendResult>;
  resolve: (result: SendResult) => void;
  reject: (error: AppError) => void;
  /** Its intent is on disk; not before may a runner have it. */
  accepted: boolean;
  /** A runner has it now. */
  inFlight: boolean;
  /** A runner had it once, so it may have been sent. */
  dispatched: boolean;
  /** Its outcome is known and being written. */
  finishing: boolean;
  /** How often it failed. */
  failures: number;
}

const RETRY_PAUSE_MS = 1_000;
/** Messages of one session handed to its runner and not confirmed, at most. */
const IN_FLIGHT = 16;
/** A send that could not be completed in this time is given up; nobody wants last week's message to arrive. */
const INTENT_LIFE_MS = 24 * 60 * 60_000;
const SWEEP_MS = 10 * 60_000;

/** Sends each accepted message under one id chosen before, through crashes of the runner and of this process, until WhatsApp confirms it. */
export class Sends {
  readonly #options: SendsOptions;
  /** By session, in the order they were accepted. */
  readonly #queues = new Map<string, Pending[]>();
  readonly #byMessageId = new Map<string, Pending>();
  readonly #timers = new Set<NodeJS.Timeout>();
  #order = Date.now();
  #stopping = false;

  constructor(options: SendsOptions) {
    this.#options = options;
  }

  /** Takes up what an earlier process accepted and did not finish. */
  async start(): Promise<void> {
    const { store, registry } = this.#options;
    await this.#sweep();
    for (const { value } of store.range<Intent>(TABLES.intents)) {
      this.#order = Math.max(this.#order, value.order);
      this.#enqueue(value, true).accepted = true;
    }
    for (const sessionId of [...this.#queues.keys()]) this.#failLost(sessionId);
    registry.onChange((row) => {
      this.#onSessionChange(row);
    });
    this.#every(SWEEP_MS, () => void this.#sweep());
  }

  /** Ends every wait; what is not finished goes on after the next start. */
  stop(): void {
    this.#stopping = true;
    for (const timer of this.#timers) clearTimeout(timer);
    for (const pending of this.#byMessageId.values()) {
      if (pending.dispatched) pending.reject(stillBeingSent(pending.intent, 'DRAINING'));
      else
        void this.#finish(
          pending,
          new AppError('DRAINING', 'The worker is stopping; the message was not sent.', { retryAfterSeconds: 5 }),
          true,
        );
    }
  }

  get waiting(): number {
    return this.#byMessageId.size;
  }

  async send(request: SendRequest): Promise<SendResult> {
    const { sessionId, idempotencyKey } = request;
    const row = this.#options.registry.get(sessionId);
    const fingerprint = fingerprintOf(request);
    const known = keyRow(this.#options.store, sessionId, idempotencyKey);
    if (known) return this.#repeat(known, fingerprint);
    assertCanSend(row);
    const pending = await this.#accept(request, fingerprint, row);
    this.#pump(sessionId);
    return this.#wait(pending);
  }

  async #accept({ sessionId, to, content, idempotencyKey }: SendRequest, fingerprint: string, row: Readonly<SessionRow>): Promise<Pending> {
    const { store, history, commits = store } = this.#options;
    const now = Date.now();
    const intent: Intent = { sessionId, order: ++this.#order, messageId: newMessageId(), to, content, idempotencyKey, createdAt: now };
    const message = {
      id: intent.messageId,
      chat: to,
      from: withoutDevice(row.jid ?? ''),
      to,
      fromMe: true,
      type: content.type,
      content: content.text,
      timestamp: now,
      status: 'pending' as const,
    };
    const committed = commits.commit([
      { table: TABLES.intents, key: [sessionId, intent.order], value: intent },
      ...history.append(sessionId, message),
      ...keyWrites(sessionId, idempotencyKey, { fingerprint, messageId: intent.messageId, at: now, outcome: undefined }),
    ]);
    const pending = this.#enqueue(intent, false);
    try {
      await committed;
      pending.accepted = true;
    } catch (error) {
      this.#dequeue(pending);
      // Somebody with the same key may wait for it already.
      pending.reject(asAppError(error));
      throw error;
    }
    return pending;
  }

  async #repeat(known: IdempotencyRow, fingerprint: string): Promise<SendResult> {
    if (known.fingerprint !== fingerprint) {
      throw new AppError('IDEMPOTENCY_CONFLICT', 'This idempotency key was used for another message.');
    }
    // First: an outcome is seen here while it is still being written, and until it is on disk nobody may hear of it.
    const pending = this.#byMessageId.get(known.messageId);
    if (pending) return this.#wait(pending);
    const { outcome, messageId } = known;
    if (!outcome) throw new AppError('BUSY', 'The first request with this key is being accepted; try again.', { retryAfterSeconds: 1 });
    if ('code' in outcome) throw new AppError(outcome.code, outcome.message, { details: { messageId } });
    return { messageId, ...outcome };
  }

  async #wait(pending: Pending): Promise<SendResult> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<'late'>((resolve) => (timer = setTimeout(resolve, this.#options.deadlineMs, 'late')));
    const first = await Promise.race([pending.outcome, late]).finally(() => {
      clearTimeout(timer);
    });
    if (first !== 'late') return first;
    if (!pending.dispatched) {
      await this.#finish(
        pending,
        new AppError('SESSION_NOT_CONNECTED', 'The session did not connect in time; the message was not sent.', { retryAfterSeconds: 5 }),
        true,
      );
      return pending.outcome;
    }
    throw stillBeingSent(pending.intent, 'DEADLINE_EXCEEDED');
  }

  #enqueue(intent: Intent, dispatched: boolean): Pending {
    let resolve: Pending['resolve'] = () => undefined;
    let reject: Pending['reject'] = () => undefined;
    const outcome = new Promise<SendResult>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    // A client that went away leaves nobody to hear of a failure.
    outcome.catch(() => undefined);
    const pending: Pending = {
      intent,
      outcome,
      resolve,
      reject,
      accepted: false,
      inFlight: false,
      dispatched,
      finishing: false,
      failures: 0,
    };
    const queue = this.#queues.get(intent.sessionId) ?? [];
    queue.push(pending);
    this.#queues.set(intent.sessionId, queue);
    this.#byMessageId.set(intent.messageId, pending);
    return pending;
  }

  #dequeue({ intent }: Pending): void {
    this.#byMessageId.delete(intent.messageId);
    const rest = (this.#queues.get(intent.sessionId) ?? []).filter((other) => other.intent.messageId !== intent.messageId);
    if (rest.length > 0) this.#queues.set(intent.sessionId, rest);
    else this.#queues.delete(intent.sessionId);
  }

  #onSessionChange({ sessionId, state }: Readonly<SessionRow>): void {
    if (state === 'connected') this.#pump(sessionId);
    this.#failLost(sessionId);
  }

  /** Ends what waits for a session that cannot send any more. */
  #failLost(sessionId: string): void {
    const row = this.#options.registry.find(sessionId);
    if (row && row.state !== 'logged_out') return;
    const failure = row
      ? new AppError('SESSION_LOGGED_OUT', 'The session was logged out before the message was confirmed.')
      : new AppError('SESSION_NOT_FOUND', 'The session was deleted before the message was confirmed.');
    for (const pending of this.#queues.get(sessionId) ?? []) void this.#finish(pending, failure);
  }

  /** Hands what waits to the session's runner, in order, while the session is connected. */
  #pump(sessionId: string): void {
    const row = this.#options.registry.find(sessionId);
    if (this.#stopping || row?.state !== 'connected' || row.slot === undefined) return;
    const queue = this.#queues.get(sessionId) ?? [];
    let free = IN_FLIGHT - queue.filter(({ inFlight }) => inFlight).length;
    for (const pending of queue) {
      if (free <= 0 || !pending.accepted) return;
      if (pending.inFlight || pending.finishing) continue;
      free--;
      void this.#dispatch(pending, row.slot);
    }
  }

  async #dispatch(pending: Pending, slot: number): Promise<void> {
    const { sessionId, messageId, to, content } = pending.intent;
    pending.inFlight = true;
    pending.dispatched = true;
    try {
      const { timestamp } = await this.#options.fleet.call(slot, 'session.send', { sessionId, messageId, to, content });
      await this.#finish(pending, { messageId, status: 'sent', timestamp });
    } catch (error) {
      pending.inFlight = false;
      await this.#afterFailure(pending, error);
    }
    this.#pump(sessionId);
  }

  async #afterFailure(pending: Pending, error: unknown): Promise<void> {
    const { code, message } = asAppError(error);
    const failure = new AppError(code, message, { details: { messageId: pending.intent.messageId }, cause: error });
    const again = isWorthAnotherTry(failure.code, ++pending.failures);
    this.#options.log.info(
      { sessionId: pending.intent.sessionId, messageId: pending.intent.messageId, code: failure.code, again },
      'a send did not succeed',
    );
    if (!again) await this.#finish(pending, failure);
    // The session may still look connected; then no change of state comes to wake the queue.
    else await this.#pause(RETRY_PAUSE_MS);
  }

  /** Commits the outcome, then tells whoever waits. With `forget` the key may be used anew: nothing was sent. */
  async #finish(pending: Pending, outcome: SendResult | AppError, forget = false): Promise<void> {
    const { intent } = pending;
    if (pending.finishing || !this.#byMessageId.has(intent.messageId)) return;
    pending.finishing = true;
    // Until it is written nobody may hear of it: after a restart the same id would be sent again.
    while (!(await this.#writeOutcome(intent, outcome, forget))) {
      if (this.#stopping) return;
      await this.#pause(RETRY_PAUSE_MS);
    }
    this.#dequeue(pending);
    if (outcome instanceof AppError) pending.reject(outcome);
    else pending.resolve(outcome);
  }

  async #writeOutcome(intent: Intent, outcome: SendResult | AppError, forget: boolean): Promise<boolean> {
    const { registry, log } = this.#options;
    try {
      if (registry.find(intent.sessionId)) await this.#commitOutcome(intent, outcome, forget);
      return true;
    } catch (error) {
      log.error(
        { sessionId: intent.sessionId, messageId: intent.messageId, cause: messageOf(error) },
        'the outcome of a send could not be written',
      );
      return false;
    }
  }

  async #commitOutcome(intent: Intent, outcome: SendResult | AppError, forget: boolean): Promise<void> {
    const { sessionId, messageId, idempotencyKey } = intent;
    const { store, history, onMoved, commits = store } = this.#options;
    const failed = outcome instanceof AppError;
    const status = failed ? 'failed' : outcome.status;
    const result = failed ? { code: outcome.code, message: outcome.message } : { status, timestamp: outcome.timestamp };
    const known = keyRow(store, sessionId, idempotencyKey);
    const move = history.advance(sessionId, messageId, status);
    await commits.commit([
      { table: TABLES.intents, key: [sessionId, intent.order], value: undefined },
      ...move,
      ...this.#keyOutcome(intent, known, forget ? undefined : result),
    ]);
    if (move.length > 0) onMoved?.({ sessionId, messageId, status, at: Date.now() });
  }

  #keyOutcome({ sessionId, idempotencyKey }: Intent, known: IdempotencyRow | undefined, outcome: IdempotencyRow['outcome']): Write[] {
    if (!known || idempotencyKey === undefined) return [];
    return outcome ? keyWrites(sessionId, idempotencyKey, { ...known, outcome }) : forgetKey(sessionId, idempotencyKey, known);
  }

  async #sweep(): Promise<void> {
    const { store, log } = this.#options;
    const now = Date.now();
    try {
      for (const { value } of store.range<Intent>(TABLES.intents)) {
        const pending = this.#byMessageId.get(value.messageId);
        if (value.createdAt > now - INTENT_LIFE_MS || pending?.inFlight) continue;
        const failure = new AppError('DEADLINE_EXCEEDED', 'The message could not be confirmed within a day and was given up.');
        if (pending) await this.#finish(pending, failure);
        else await this.#commitOutcome(value, failure, false);
      }
      for (const { sessionId } of this.#options.registry.rows()) {
        for (const batch of oldKeys(store, sessionId, now)) await store.commit(batch);
      }
    } catch (error) {
      log.error({ cause: messageOf(error) }, 'old sends could not be swept');
    }
  }

  #every(ms: number, work: () => void): void {
    this.#timers.add(setInterval(work, ms).unref());
  }

  async #pause(ms: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.#timers.delete(timer);
        resolve();
      }, ms);
      this.#timers.add(timer);
    });
  }
}
