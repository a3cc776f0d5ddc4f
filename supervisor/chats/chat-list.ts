// Pages of what a session has: its chats, the newest first, and the people it knows, in the order of their addresses.
import type { Message } from '../../shared/domain/message.js';
import type { Person } from '../../shared/ipc/queries/person.js';
import type { Key, Store } from '../../shared/store/store.js';
import type { Position } from '../messages/part-spans.js';
import { TABLES, type ChatLast, type ChatRow, type ContactRow } from '../supervisor-store.js';
import { shownLast } from './chat-rows.js';
import { contactKey } from './contact-rows.js';

export interface ChatView extends Person {
  /** As the account's owner calls it, else as it is called by itself. */
  name: string | undefined;
  last: ChatLast;
}

interface ChatPage {
  chats: ChatView[];
  /** The place from which to go on, when there are more. */
  next: Position | undefined;
  /** Chats of earlier messages are still being looked for. */
  incomplete: boolean;
}

interface ContactView extends Person, Omit<ContactRow, 'lid'> {}

interface ContactPage {
  contacts: ContactView[];
  /** The jid from which to go on, when there are more. */
  next: string | undefined;
}

/** Only what is committed, but that a message was sent is told before. */
export class ChatList {
  readonly #store: Pick<Store, 'get' | 'range'>;

  constructor(store: Pick<Store, 'get' | 'range'>) {
    this.#store = store;
  }

  /** Those whose newest message comes before this place. */
  chats(sessionId: string, { limit, before }: { limit: number; before?: Position | undefined }): ChatPage {
    const range = { prefix: [sessionId], before: before && [sessionId, ...before], reverse: true, limit: limit + 1 };
    const rows = [...this.#store.range<ChatRow>(TABLES.chatOrder, range)];
    const last = rows.length > limit ? rows[limit - 1]?.key : undefined;
    return {
      chats: rows.slice(0, limit).flatMap(({ key, value }) => this.#view(sessionId, key, value) ?? []),
      next: last && [Number(last[1]), Number(last[2])],
      incomplete: this.#store.get(TABLES.chatGaps, [sessionId]) !== undefined,
    };
  }

  /** Those after this jid. */
  contacts(sessionId: string, { limit, after }: { limit: number; after?: string | undefined }): ContactPage {
    const prefix = [sessionId, 'person'];
    const from = after === undefined ? prefix : [...prefix, after, 0];
    const rows = [...this.#store.range<ContactRow>(TABLES.contacts, { prefix, from, limit: limit + 1 })];
    const contacts = rows.slice(0, limit).map(({ key, value }) => ({ ...value, jid: String(key[2]) }));
    return { contacts: contacts.map(withLid), next: rows.length > limit ? contacts.at(-1)?.jid : undefined };
  }

  #view(sessionId: string, key: Key, row: ChatRow): ChatView | undefined {
    const [here] = this.#store.range<Message>(TABLES.messages, { prefix: key, limit: 1, newest: true });
    const last = shownLast(row, here?.value);
    return last && this.#named(sessionId, row, last);
  }

  #named(sessionId: string, { chat, lid }: ChatRow, last: ChatLast): ChatView {
    const key = contactKey(sessionId, chat);
    const contact = key && this.#store.get<ContactRow>(TABLES.contacts, key);
    const known = lid ?? contact?.lid;
    return withLid({ jid: chat, ...(known !== undefined && { lid: known }), name: contactName(contact), last });
  }
}

/** What to call somebody, or a group. */
export const contactName = (contact: ContactRow | undefined): string | undefined =>
  contact?.name ?? contact?.verifiedName ?? contact?.pushName;

/** Somebody of whom only the LID is known has it as their LID, too. */
const withLid = <T extends Person>(person: T): T =>
  person.lid === undefined && person.jid.endsWith('@lid') ? { ...person, lid: person.jid } : person;
