import { AppError } from '../../shared/errors.js';
import type { BinaryNode } from '../baileys.js';
import { nackError } from './nacks.js';

interface Waiter {
  resolve: (timestamp: number) => void;
  reject: (error: AppError) => void;
  timer: NodeJS.Timeout;
}

/** Waits for WhatsApp's `ack` of each message: only that means sent. */
export class Acks {
  /** By message id; one that is sent again before its ack came has several. */
  readonly #waiters = new Map<string, Waiter[]>();

  /** Resolves with the time of the ack in Unix milliseconds. `onTimeout` is called when none came. Register before sending. */
  async wait(messageId: string, timeoutMs: number, onTimeout: () => void): Promise<number> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const others = (this.#waiters.get(messageId) ?? []).filter((other) => other !== waiter);
        if (others.length > 0) this.#waiters.set(messageId, others);
        else this.#waiters.delete(messageId);
        reject(new AppError('RUNNER_UNAVAILABLE', 'WhatsApp did not confirm the message in time.'));
        onTimeout();
      }, timeoutMs);
      const waiter: Waiter = { resolve, reject, timer };
      this.#waiters.set(messageId, [...(this.#waiters.get(messageId) ?? []), waiter]);
    });
  }

  /** To be called with every `<ack class="message">`. */
  settle({ attrs }: BinaryNode): void {
    const error = attrs['error'];
    for (const { resolve, reject } of this.#take(attrs['id'] ?? '')) {
      if (error) reject(nackError(error));
      else resolve(Number(attrs['t'] ?? 0) * 1000 || Date.now());
    }
  }

  cancel(messageId: string, error: AppError): void {
    for (const { reject } of this.#take(messageId)) reject(error);
  }

  cancelAll(error: AppError): void {
    for (const messageId of [...this.#waiters.keys()]) this.cancel(messageId, error);
  }

  get size(): number {
    return this.#waiters.size;
  }

  #take(messageId: string): Waiter[] {
    const waiters = this.#waiters.get(messageId) ?? [];
    for (const { timer } of waiters) clearTimeout(timer);
    this.#waiters.delete(messageId);
    return waiters;
  }
}
