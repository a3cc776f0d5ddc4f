import { proto } from '@whiskeysockets/baileys';

/** A message that a phone has in a chat, sent or received. */
export interface KeptMessage {
  readonly id: string;
  /** A number, or the address of a group. */
  readonly chat: string;
  /** The number of its author. */
  readonly sender: string;
  /** The encoded message. */
  readonly bytes: Buffer;
}

/** Messages kept; the oldest are forgotten first. */
const MAX_KEPT = 2_000;

/** The messages of a phone's chats, to quote them, react to them, or open votes on them. */
export class Memory {
  readonly #kept = new Map<string, KeptMessage>();

  constructor(kept: Iterable<KeptMessage> = []) {
    for (const message of kept) this.keep(message);
  }

  keep(message: KeptMessage): void {
    this.#kept.set(message.id, message);
    if (this.#kept.size > MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value ?? '');
  }

  find(id: string): KeptMessage | undefined {
    return this.#kept.get(id);
  }

  /** The message itself; undefined when it is not kept. */
  read(id: string): proto.IMessage | undefined {
    const kept = this.#kept.get(id);
    return kept && proto.Message.decode(kept.bytes);
  }

  entries(): readonly KeptMessage[] {
    return [...this.#kept.values()];
  }
}
