import { keyPart } from '../../shared/domain/ids.js';
import { advances, type Message, type MessageStatus } from '../../shared/domain/message.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import { TABLES, type MessageCount } from '../supervisor-store.js';

/** What was sent and received, each message once. Methods that change something answer the writes to commit. */
export class History {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Nothing when the message is there already; a placeholder for what could not be decrypted gives way to the message itself. */
  append(sessionId: string, message: Message): Write[] {
    const index = indexKey(sessionId, message.fromMe, message.from, message.id);
    const known = this.#store.get<[number, number]>(TABLES.messageIndex, index);
    if (known) {
      const key = [sessionId, ...known];
      const before = this.#store.get<Message>(TABLES.messages, key);
      if (before?.type !== 'undecryptable' || message.type === 'undecryptable') return [];
      const status = advances(message.status, before.status) ? before.status : message.status;
      return [{ table: TABLES.messages, key, value: { ...message, status } }];
    }
    const count = this.#count(sessionId);
    const n = count.n + 1;
    const next: MessageCount = { total: count.total + 1, n };
    const second = Math.floor(message.timestamp / 1000);
    return [
      { table: TABLES.messages, key: [sessionId, second, n], value: message },
      { table: TABLES.messageIndex, key: index, value: [second, n] },
      { table: TABLES.messageCounts, key: [sessionId], value: next },
    ];
  }

  /** Moves one of our own messages forward; nothing when it is unknown or further along already. */
  advance(sessionId: string, messageId: string, status: MessageStatus): Write[] {
    const known = this.#store.get<[number, number]>(TABLES.messageIndex, indexKey(sessionId, true, '', messageId));
    if (!known) return [];
    const key = [sessionId, ...known];
    const message = this.#store.get<Message>(TABLES.messages, key);
    if (!message || !advances(message.status, status)) return [];
    return [{ table: TABLES.messages, key, value: { ...message, status } }];
  }

  /** Newest first. */
  page(sessionId: string, { limit, offset }: { limit: number; offset: number }): { messages: Message[]; total: number } {
    const rows = this.#store.range<Message>(TABLES.messages, { prefix: [sessionId], reverse: true, limit, offset });
    return { messages: [...rows].map(({ value }) => value), total: this.#count(sessionId).total };
  }

  #count(sessionId: string): MessageCount {
    return this.#store.get<MessageCount>(TABLES.messageCounts, [sessionId]) ?? { total: 0, n: 0 };
  }
}

/** Our own ids are ours to choose; others' are theirs, so the sender is part of the key: nobody can shadow another's message. */
const indexKey = (sessionId: string, fromMe: boolean, from: string, messageId: string): Key =>
  fromMe ? [sessionId, 'out', '', keyPart(messageId)] : [sessionId, 'in', keyPart(from), keyPart(messageId)];
