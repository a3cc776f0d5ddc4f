import { AppError } from '../../shared/errors.js';
import type { Registry } from '../placement/registry.js';
import type { QueuedSend, SendQueue } from '../worker.js';
import type { History } from './history.js';
import type { PendingSend } from './pending-send.js';
import type { SendOutcomes } from './send-outcomes.js';
import type { SendPacing } from './send-pacing.js';
import type { SendQueues } from './send-queues.js';

export interface WaitingSendsOptions {
  registry: Pick<Registry, 'get' | 'find'>;
  history: Pick<History, 'hasSent'>;
  queues: SendQueues;
  pacing: SendPacing;
  outcomes: Pick<SendOutcomes, 'finish'>;
}

/** The queues as clients see them: what waits, until when, and what need not be sent any more. */
export class WaitingSends implements SendQueue {
  readonly #options: WaitingSendsOptions;

  constructor(options: WaitingSendsOptions) {
    this.#options = options;
  }

  page(sessionId: string, { limit, offset }: { limit: number; offset: number }): { sends: QueuedSend[]; total: number } {
    this.#options.registry.get(sessionId);
    const queue = this.#accepted(sessionId);
    const now = Date.now();
    const sends = queue.slice(offset, offset + limit).map((_, index) => this.#viewAt(queue, offset + index, now));
    return { sends, total: queue.length };
  }

  /** Undefined once it has an outcome. */
  view(pending: PendingSend): QueuedSend | undefined {
    const queue = this.#accepted(pending.intent.sessionId);
    const index = queue.indexOf(pending);
    return index < 0 ? undefined : this.#viewAt(queue, index, Date.now());
  }

  async cancel(sessionId: string, messageId: string): Promise<void> {
    const { registry, queues, history } = this.#options;
    registry.get(sessionId);
    const pending = queues.find(messageId);
    if (pending?.intent.sessionId !== sessionId || !pending.accepted) {
      if (!history.hasSent(sessionId, messageId))
        throw new AppError('MESSAGE_NOT_FOUND', 'The session has no message to send with this id.');
      throw new AppError('MESSAGE_NOT_QUEUED', 'The message waits no more: it was sent, or its sending failed.');
    }
    if (!(await this.#cancel(pending))) {
      throw new AppError('MESSAGE_NOT_QUEUED', 'The message is being sent and may have been delivered; it cannot be cancelled any more.');
    }
  }

  async cancelAll(sessionId: string): Promise<{ cancelled: number; left: number }> {
    this.#options.registry.get(sessionId);
    const done = await Promise.all(this.#accepted(sessionId).map(async (pending) => this.#cancel(pending)));
    const cancelled = done.filter(Boolean).length;
    return { cancelled, left: done.length - cancelled };
  }

  /** False when a runner has it or had it: nobody can say that it was not sent. */
  async #cancel(pending: PendingSend): Promise<boolean> {
    if (pending.dispatched) return false;
    return this.#options.outcomes.finish(pending, new AppError('SEND_CANCELLED', 'The message was cancelled before it was sent.'));
  }

  #accepted(sessionId: string): PendingSend[] {
    return this.#options.queues.of(sessionId).filter(({ accepted, finishing }) => accepted && !finishing);
  }

  #viewAt(queue: readonly PendingSend[], index: number, now: number): QueuedSend {
    const { registry, pacing } = this.#options;
    const { intent, dispatched } = queue[index] as PendingSend;
    const ahead = queue.slice(0, index).filter((other) => !other.dispatched);
    const connected = registry.find(intent.sessionId)?.state === 'connected';
    const start = dispatched
      ? now
      : pacing.startAt(
          intent.sessionId,
          ahead.map((other) => other.intent),
          now,
        );
    return {
      messageId: intent.messageId,
      to: intent.to,
      type: intent.content.type,
      status: dispatched ? 'sending' : 'queued',
      position: index + 1,
      queuedAt: intent.createdAt,
      estimatedAt: connected ? Math.round(start) : undefined,
    };
  }
}
