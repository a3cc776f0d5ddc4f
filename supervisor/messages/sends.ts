import { AppError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import { TABLES, type IdempotencyRow, type Intent, type SessionRow } from '../supervisor-store.js';
import type { SendRequest, SendResult } from '../worker.js';
import type { History, StatusMove } from './history.js';
import { keyRow } from './idempotency.js';
import { Pauses } from './pauses.js';
import { newPending, type PendingSend } from './pending-send.js';
import { acceptWrites, newIntent, type ReadyRequest } from './send-acceptance.js';
import { SendDispatch } from './send-dispatch.js';
import { SendOutcomes } from './send-outcomes.js';
import { SendQueues } from './send-queues.js';
import type { SendUploads } from './send-uploads.js';
import { asAppError, assertCanSend, fingerprintOf, stillBeingSent } from './send-rules.js';

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
  #order = Date.now();

  constructor(options: SendsOptions) {
    this.#options = { commits: options.store, ...options };
    const parts = { ...this.#options, queues: this.#queues, pauses: this.#pauses };
    this.#outcomes = new SendOutcomes({ onMoved: undefined, ...parts });
    this.#dispatch = new SendDispatch({ uploads: undefined, ...parts, outcomes: this.#outcomes });
  }

  /** Takes up what an earlier process accepted and did not finish. */
  async start(): Promise<void> {
    const { store, registry } = this.#options;
    await this.#outcomes.sweep();
    for (const { value } of store.range<Intent>(TABLES.intents)) {
      this.#order = Math.max(this.#order, value.order);
      this.#queues.add(newPending(value, { accepted: true, dispatched: true }));
    }
    for (const sessionId of this.#queues.sessionIds()) this.#failLost(sessionId);
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
      else
        void this.#outcomes.finish(
          pending,
          new AppError('DRAINING', 'The worker is stopping; the message was not sent.', { retryAfterSeconds: 5 }),
          true,
        );
    }
  }

  get waiting(): number {
    return this.#queues.size;
  }

  async send(request: SendRequest): Promise<SendResult> {
    const { sessionId, idempotencyKey } = request;
    const row = this.#options.registry.get(sessionId);
    const fingerprint = fingerprintOf(request);
    const known = keyRow(this.#options.store, sessionId, idempotencyKey);
    if (known) return this.#repeat(known, fingerprint);
    assertCanSend(row);
    const ready = { ...request, content: 'wish' in request.content ? await request.content.bring() : request.content };
    // Another request with the key may have been faster.
    const since = keyRow(this.#options.store, sessionId, idempotencyKey);
    if (since) return this.#repeat(since, fingerprint);
    const pending = await this.#accept(ready, fingerprint, row);
    this.#dispatch.pump(sessionId);
    return this.#wait(pending);
  }

  async #accept(request: ReadyRequest, fingerprint: string, row: Readonly<SessionRow>): Promise<PendingSend> {
    const { history, commits } = this.#options;
    const intent = newIntent(request, ++this.#order, Date.now());
    const committed = commits.commit(acceptWrites(intent, fingerprint, row, history));
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

  async #repeat(known: IdempotencyRow, fingerprint: string): Promise<SendResult> {
    if (known.fingerprint !== fingerprint) {
      throw new AppError('IDEMPOTENCY_CONFLICT', 'This idempotency key was used for another message.');
    }
    // First: an outcome is seen here while it is still being written, and until it is on disk nobody may hear of it.
    const pending = this.#queues.find(known.messageId);
    if (pending) return this.#wait(pending);
    const { outcome, messageId } = known;
    if (!outcome) throw new AppError('BUSY', 'The first request with this key is being accepted; try again.', { retryAfterSeconds: 1 });
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
    if (!pending.dispatched) {
      await this.#outcomes.finish(
        pending,
        new AppError('SESSION_NOT_CONNECTED', 'The session did not connect in time; the message was not sent.', { retryAfterSeconds: 5 }),
        true,
      );
      return pending.outcome;
    }
    throw stillBeingSent(pending.intent, 'DEADLINE_EXCEEDED');
  }

  /** Ends what waits for a session that cannot send any more. */
  #failLost(sessionId: string): void {
    const row = this.#options.registry.find(sessionId);
    if (row && row.state !== 'logged_out') return;
    const failure = row
      ? new AppError('SESSION_LOGGED_OUT', 'The session was logged out before the message was confirmed.')
      : new AppError('SESSION_NOT_FOUND', 'The session was deleted before the message was confirmed.');
    for (const pending of this.#queues.of(sessionId)) void this.#outcomes.finish(pending, failure);
  }
}
