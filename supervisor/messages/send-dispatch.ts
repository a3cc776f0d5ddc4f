import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store } from '../../shared/store/store.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';
import { TABLES } from '../supervisor-store.js';
import type { Pauses } from './pauses.js';
import type { PendingSend } from './pending-send.js';
import type { ReachOut } from './reach-out.js';
import type { SendOutcomes } from './send-outcomes.js';
import type { SendPacing } from './send-pacing.js';
import type { SendQueues } from './send-queues.js';
import { asAppError, isWorthAnotherTry, outgoingOf, restAfter, uploadRestAfter, wasNotTaken } from './send-rules.js';
import { needsUpload, type SendUploads } from './send-uploads.js';

export interface SendDispatchOptions {
  store: Store;
  registry: Pick<Registry, 'find'>;
  fleet: Pick<Fleet, 'call'>;
  queues: SendQueues;
  /** Without it nothing with a file may be sent. */
  uploads: SendUploads | undefined;
  pacing: SendPacing;
  reachOut: ReachOut;
  outcomes: Pick<SendOutcomes, 'finish'>;
  pauses: Pauses;
  log: Logger;
}

const RETRY_PAUSE_MS = 1_000;
/** Messages of one session handed to its runner and not confirmed, at most. */
const IN_FLIGHT = 16;

/** Hands sends to the runners of their sessions at the pace these may have, each until it has an outcome, always under its one id. */
export class SendDispatch {
  readonly #options: SendDispatchOptions;

  constructor(options: SendDispatchOptions) {
    this.#options = options;
  }

  /** Hands what waits to the session's runner, in order, while the session is connected. */
  pump(sessionId: string): void {
    const { registry, queues, uploads, pacing, pauses } = this.#options;
    const row = registry.find(sessionId);
    if (pauses.stopped || row?.state !== 'connected' || row.slot === undefined) return;
    const queue = queues.of(sessionId);
    const mayGo = uploads?.pick(queue) ?? (() => true);
    // While one is typed the next must not be sent.
    let free = (pacing.typesFirst(sessionId) ? 1 : IN_FLIGHT) - queue.filter(({ inFlight }) => inFlight).length;
    let noting = false;
    for (const pending of queue) {
      noting ||= pending.noting;
      // One that is noted first would be overtaken by one that is not.
      if (free <= 0 || !pending.accepted || (noting && !pending.intent.noted)) return;
      if (pending.finishing || !mayGo(pending) || pending.inFlight) continue;
      if (this.#isRefused(pending)) continue;
      if (!this.#isTurnOf(pending)) return;
      free--;
      void this.#dispatch(pending, row.slot);
      noting ||= pending.noting;
    }
  }

  /** Otherwise the queue is woken when it is. */
  #isTurnOf({ intent, dispatched, notBefore }: PendingSend): boolean {
    const { pacing, pauses, reachOut } = this.#options;
    const { sessionId } = intent;
    const now = Date.now();
    const at = Math.max(notBefore, dispatched ? now : pacing.startAt(sessionId, [], now));
    // One that has to wait for another is woken with that one's outcome.
    if (at <= now) return dispatched || reachOut.mayGo(intent);
    pauses.alarm(sessionId, at - now, () => {
      this.pump(sessionId);
    });
    return false;
  }

  /** Whether it cannot be sent now and is ended. */
  #isRefused(pending: PendingSend): boolean {
    const refusal = pending.dispatched ? undefined : this.#options.reachOut.refusal(pending.intent);
    if (refusal?.details?.['trying'] !== false) return false;
    void this.#options.outcomes.finish(pending, refusal, true);
    return true;
  }

  async #dispatch(pending: PendingSend, slot: number): Promise<void> {
    const { fleet, uploads, outcomes, pacing, pauses } = this.#options;
    pending.inFlight = true;
    if (!pending.dispatched && !(await this.#begin(pending))) {
      await pauses.pause(RETRY_PAUSE_MS);
      this.pump(pending.intent.sessionId);
      return;
    }
    if (pauses.stopped) return;
    const { sessionId, messageId } = pending.intent;
    const typing = pacing.typingMs(pending.intent);
    try {
      if (uploads && needsUpload(pending.intent)) await uploads.ensure(pending, slot);
      const request = { sessionId, message: outgoingOf(pending.intent), ...(typing > 0 && { typingMs: typing }) };
      const { timestamp, raw } = await fleet.call(slot, 'session.send', request);
      await this.#options.reachOut.settled(pending.intent, undefined);
      await outcomes.finish(pending, { messageId, status: 'sent', timestamp, raw });
    } catch (error) {
      pending.inFlight = false;
      await this.#afterFailure(pending, error);
    }
    this.pump(sessionId);
  }

  /** From here on it may have been sent. False when that could not be noted. */
  async #begin(pending: PendingSend): Promise<boolean> {
    const { store, pacing, log } = this.#options;
    const { intent } = pending;
    const { sessionId, messageId, order } = intent;
    const now = Date.now();
    pending.dispatched = true;
    const giveBack = pacing.take(sessionId, now);
    if (!intent.noted) return true;
    const handed = { ...intent, handedAt: now };
    pending.noting = true;
    try {
      await store.commit([{ table: TABLES.intents, key: [sessionId, order], value: handed }, ...pacing.writes(sessionId)]);
      pending.intent = handed;
      return true;
    } catch (error) {
      log.error({ sessionId, messageId, cause: messageOf(error) }, 'that a message is sent could not be noted; it waits');
      pending.dispatched = false;
      // In this turn: whoever looks at the queue next must not take it for one that is gone ahead.
      pending.inFlight = false;
      giveBack();
      return false;
    } finally {
      pending.noting = false;
    }
  }

  async #afterFailure(pending: PendingSend, error: unknown): Promise<void> {
    const { outcomes, pauses, log } = this.#options;
    const { sessionId, messageId } = pending.intent;
    const { code, message } = asAppError(error);
    const failure = new AppError(code, message, { details: { messageId }, cause: error });
    const again = isWorthAnotherTry(failure.code, ++pending.failures);
    const uploadRest = needsUpload(pending.intent) ? uploadRestAfter(pending.failures) : undefined;
    pending.notBefore = Date.now() + (uploadRest ?? restAfter(code, pending.failures));
    pending.unsure ||= !wasNotTaken(code);
    log.info({ sessionId, messageId, code: failure.code, again }, 'a send did not succeed');
    // Its key may be used anew when it is certain that nothing was sent.
    if (!again) {
      await this.#options.reachOut.settled(pending.intent, failure);
      await outcomes.finish(pending, failure, wasNotTaken(code) && !pending.unsure);
    }
    // The session may still look connected; then no change of state comes to wake the queue.
    else await pauses.pause(uploadRest ?? RETRY_PAUSE_MS);
    // A timer may fire a moment early, and nothing else wakes who rests for an upload.
    if (uploadRest !== undefined) pending.notBefore = 0;
  }
}
