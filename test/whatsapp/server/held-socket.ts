import type { Duplex } from 'node:stream';

type DataListener = (chunk: Buffer) => void;

/**
 * Holds back what a socket receives while TCP stays open. The bytes are still taken from the kernel, so that the other side's close is seen at
 * once: a frozen connection that its client gave up must not count as alive.
 */
export class HeldSocket {
  readonly #socket: Duplex;
  #listeners: DataListener[] = [];
  #held: Buffer[] | null = null;

  constructor(socket: Duplex) {
    this.#socket = socket;
  }

  get holding(): boolean {
    return this.#held !== null;
  }

  hold(): void {
    if (this.#held) return;
    const held: Buffer[] = [];
    this.#held = held;
    this.#listeners = this.#socket.listeners('data') as DataListener[];
    this.#socket.removeAllListeners('data');
    this.#socket.on('data', (chunk: Buffer) => held.push(chunk));
  }

  release(): void {
    const held = this.#held;
    if (!held) return;
    this.#held = null;
    this.#socket.removeAllListeners('data');
    for (const listener of this.#listeners) this.#socket.on('data', listener);
    for (const chunk of held) for (const listener of this.#listeners) listener.call(this.#socket, chunk);
  }
}
