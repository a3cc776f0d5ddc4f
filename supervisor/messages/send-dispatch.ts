import { AppError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import type { Pauses } from './pauses.js';
import type { PendingSend } from './pending-send.js';
import type { SendOutcomes } from './send-outcomes.js';
import type { SendQueues } from './send-queues.js';
import type { SendUploads } from './send-uploads.js';
import { asAppError, isWorthAnotherTry, outgoingOf } from './send-rules.js';

export interface SendDispatchOptions {
  registry: Pick<Registry, 'find'>;
  fleet: Pick<Fleet, 'call'>;
  queues: SendQueues;
  /** Without it nothing with a file may be sent. */
  uploads: SendUploads | undefined;
  outcomes: Pick<SendOutcomes, 'finish'>;
  pauses: Pauses;
  log: Logger;
}

const RETRY_PAUSE_MS = 1_000;
/** Messages of one session handed to its runner and not confirmed, at most. */
const IN_FLIGHT = 16;

/** Hands sends to the runners of their sessions, each until it has an outcome, always under its one id. */
export class SendDispatch {
  readonly #options: SendDispatchOptions;

  constructor(options: SendDispatchOptions) {
    this.#options = options;
  }

  /** Hands what waits to the session's runner, in order, while the session is connected. */
  pump(sessionId: string): void {
    const { registry, queues, uploads, pauses } = this.#options;
    const row = registry.find(sessionId);
    if (pauses.stopped || row?.state !== 'connected' || row.slot === undefined) return;
    const queue = queues.of(sessionId);
    const mayGo = uploads?.pick(queue) ?? (() => true);
    let free = IN_FLIGHT - queue.filter(({ inFlight }) => inFlight).length;
    for (const pending of queue) {
      if (free <= 0 || !pending.accepted) return;
      if (pending.finishing || !mayGo(pending) || pending.inFlight) continue;
      free--;
      void this.#dispatch(pending, row.slot);
    }
  }

  async #dispatch(pending: PendingSend, slot: number): Promise<void> {
    const { fleet, uploads, outcomes } = this.#options;
    const { sessionId, messageId } = pending.intent;
    pending.inFlight = true;
    pending.dispatched = true;
    try {
      await uploads?.ensure(pending, slot);
      const { timestamp, raw } = await fleet.call(slot, 'session.send', { sessionId, message: outgoingOf(pending.intent) });
      await outcomes.finish(pending, { messageId, status: 'sent', timestamp, raw });
    } catch (error) {
      pending.inFlight = false;
      await this.#afterFailure(pending, error);
    }
    this.pump(sessionId);
  }

  async #afterFailure(pending: PendingSend, error: unknown): Promise<void> {
    const { outcomes, pauses, log } = this.#options;
    const { sessionId, messageId } = pending.intent;
    const { code, message } = asAppError(error);
    const failure = new AppError(code, message, { details: { messageId }, cause: error });
    const again = isWorthAnotherTry(failure.code, ++pending.failures);
    log.info({ sessionId, messageId, code: failure.code, again }, 'a send did not succeed');
    if (!again) await outcomes.finish(pending, failure);
    // The session may still look connected; then no change of state comes to wake the queue.
    else await pauses.pause(RETRY_PAUSE_MS);
  }
}
