import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import type { Registry } from '../placement/registry.js';
import { TABLES, type IdempotencyRow, type Intent } from '../supervisor-store.js';
import type { SendResult } from '../worker.js';
import type { History, StatusMove } from './history.js';
import { forgetKey, keyRow, oldKeys, outcomeWrite } from './idempotency.js';
import type { Pauses } from './pauses.js';
import type { PendingSend } from './pending-send.js';
import type { SendQueues } from './send-queues.js';
import { INTENT_LIFE_MS } from './send-rules.js';

export interface SendOutcomesOptions {
  store: Store;
  /** Through which history is changed. */
  commits: Commits;
  registry: Pick<Registry, 'find' | 'rows'>;
  history: History;
  queues: SendQueues;
  pauses: Pauses;
  log: Logger;
  /** Called when an outcome is committed that moved its message's status. */
  onMoved: ((move: StatusMove) => void) | undefined;
}

/** `raw`: what was sent; see `session.send`. */
interface Confirmed extends SendResult {
  raw: string | undefined;
}

const RETRY_PAUSE_MS = 1_000;

/** What became of sends: written down, and told to whoever waits. */
export class SendOutcomes {
  readonly #options: SendOutcomesOptions;

  constructor(options: SendOutcomesOptions) {
    this.#options = options;
  }

  /**
   * Commits the outcome and tells whoever waits: of a failure once it is on disk, because until then the message may still be sent after a
   * restart; that it was sent at once, because whatever happens it stays sent. With `forget` the key may be used anew: nothing was sent.
   * @returns whether this is the outcome now
   */
  async finish(pending: PendingSend, outcome: Confirmed | AppError, forget = false): Promise<boolean> {
    const { queues, pauses } = this.#options;
    const { intent } = pending;
    if (pending.finishing || !queues.find(intent.messageId)) return false;
    pending.finishing = true;
    // Reads see from here on what is being written.
    let written = this.#write(intent, outcome, forget);
    if (!(outcome instanceof AppError)) {
      pending.resolve({ messageId: outcome.messageId, status: outcome.status, timestamp: outcome.timestamp });
    }
    while (!(await written)) {
      if (pauses.stopped) return false;
      await pauses.pause(RETRY_PAUSE_MS);
      written = this.#write(intent, outcome, forget);
    }
    queues.remove(pending);
    if (outcome instanceof AppError) pending.reject(outcome);
    return true;
  }

  /** Gives up what is too old, also what nobody took up yet, and forgets old keys. */
  async sweep(): Promise<void> {
    const { store, registry, queues, log } = this.#options;
    const now = Date.now();
    try {
      for (const { value } of store.range<Intent>(TABLES.intents)) {
        const pending = queues.find(value.messageId);
        if (value.createdAt > now - INTENT_LIFE_MS || pending?.inFlight) continue;
        const failure = new AppError('DEADLINE_EXCEEDED', 'The message could not be confirmed within a day and was given up.');
        if (pending) await this.finish(pending, failure);
        else await this.#commit(value, failure, false);
      }
      for (const { sessionId } of registry.rows()) {
        for (const batch of oldKeys(store, sessionId, now)) await store.commit(batch);
      }
    } catch (error) {
      log.error({ cause: messageOf(error) }, 'old sends could not be swept');
    }
  }

  async #write(intent: Intent, outcome: Confirmed | AppError, forget: boolean): Promise<boolean> {
    const { registry, log } = this.#options;
    try {
      if (registry.find(intent.sessionId)) await this.#commit(intent, outcome, forget);
      return true;
    } catch (error) {
      log.error(
        { sessionId: intent.sessionId, messageId: intent.messageId, cause: messageOf(error) },
        'the outcome of a send could not be written',
      );
      return false;
    }
  }

  async #commit(intent: Intent, outcome: Confirmed | AppError, forget: boolean): Promise<void> {
    const { sessionId, messageId, idempotencyKey } = intent;
    const { store, history, onMoved, commits } = this.#options;
    const failed = outcome instanceof AppError;
    const status = failed ? 'failed' : outcome.status;
    const result = failed ? { code: outcome.code, message: outcome.message } : { status, timestamp: outcome.timestamp };
    const known = keyRow(store, sessionId, idempotencyKey);
    const told = failed ? { failure: { code: outcome.code, message: outcome.message } } : { raw: outcome.raw };
    const { writes, moved } = history.settle(sessionId, messageId, status, told);
    await commits.commit([
      { table: TABLES.intents, key: [sessionId, intent.order], value: undefined },
      ...writes,
      ...keyOutcome(intent, known, forget ? undefined : result),
    ]);
    if (moved) onMoved?.({ sessionId, messageId, status, at: Date.now() });
  }
}

const keyOutcome = (
  { sessionId, idempotencyKey }: Intent,
  known: IdempotencyRow | undefined,
  outcome: IdempotencyRow['outcome'],
): Write[] => {
  if (!known || idempotencyKey === undefined) return [];
  return outcome ? [outcomeWrite(sessionId, idempotencyKey, { ...known, outcome })] : forgetKey(sessionId, idempotencyKey, known);
};
