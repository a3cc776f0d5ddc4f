import { AppError } from '../../shared/errors.js';
import type { BinaryNode } from '../baileys.js';

interface Waiter {
  resolve: (timestamp: number) => void;
  reject: (error: AppError) => void;
  timer: NodeJS.Timeout;
}

/** Sentences for the refusals WhatsApp is known to answer with. */
const REFUSALS: Readonly<Record<string, string>> = {
  '421': 'WhatsApp refused the message: the addressing of this chat is out of date.',
  '463': 'WhatsApp limits this account: it may not start new chats for now.',
  '475': 'WhatsApp limits this account: it may not start new chats for now.',
  '479': 'WhatsApp refused the message as malformed.',
};

/** Waits for WhatsApp's `ack` of each message: only that means sent. */
export class Acks {
  readonly #waiters = new Map<string, Waiter>();

  /** Resolves with the time of the ack in Unix milliseconds. `onTimeout` is called when none came. Register before sending. */
  async wait(messageId: string, timeoutMs: number, onTimeout: () => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.#waiters.delete(messageId);
        reject(new AppError('RUNNER_UNAVAILABLE', 'WhatsApp did not confirm the message in time.'));
        onTimeout();
      }, timeoutMs);
      this.#waiters.set(messageId, { resolve, reject, timer });
    });
  }

  /** To be called with every `<ack class="message">`. */
  settle({ attrs }: BinaryNode): void {
    const waiter = this.#take(attrs['id'] ?? '');
    if (!waiter) return;
    if (attrs['error']) {
      waiter.reject(new AppError('MESSAGE_REJECTED', REFUSALS[attrs['error']] ?? `WhatsApp refused the message (code ${attrs['error']}).`));
    } else {
      waiter.resolve(Number(attrs['t'] ?? 0) * 1000 || Date.now());
    }
  }

  cancel(messageId: string, error: AppError): void {
    this.#take(messageId)?.reject(error);
  }

  cancelAll(error: AppError): void {
    for (const messageId of [...this.#waiters.keys()]) this.cancel(messageId, error);
  }

  get size(): number {
    return this.#waiters.size;
  }

  #take(messageId: string): Waiter | undefined {
    const waiter = this.#waiters.get(messageId);
    if (!waiter) return undefined;
    clearTimeout(waiter.timer);
    this.#waiters.delete(messageId);
    return waiter;
  }
}
