import type { PendingSend } from './pending-send.js';

/** What has no outcome yet: by session in the order it was accepted, and by message. */
export class SendQueues {
  readonly #bySession = new Map<string, Set<PendingSend>>();
  readonly #byMessageId = new Map<string, PendingSend>();

  get size(): number {
    return this.#byMessageId.size;
  }

  sessionIds(): string[] {
    return [...this.#bySession.keys()];
  }

  all(): PendingSend[] {
    return [...this.#byMessageId.values()];
  }

  of(sessionId: string): PendingSend[] {
    return [...(this.#bySession.get(sessionId) ?? [])];
  }

  find(messageId: string): PendingSend | undefined {
    return this.#byMessageId.get(messageId);
  }

  add(pending: PendingSend): void {
    const { sessionId, messageId } = pending.intent;
    this.#bySession.set(sessionId, (this.#bySession.get(sessionId) ?? new Set()).add(pending));
    this.#byMessageId.set(messageId, pending);
  }

  remove(pending: PendingSend): void {
    const { sessionId, messageId } = pending.intent;
    this.#byMessageId.delete(messageId);
    const queue = this.#bySession.get(sessionId);
    queue?.delete(pending);
    if (queue?.size === 0) this.#bySession.delete(sessionId);
  }
}
