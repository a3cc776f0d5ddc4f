import type { Contact } from '../../shared/domain/contact.js';
import { advances, isUnconfirmed, type Message, type MessageStatus, type SendFailure } from '../../shared/domain/message.js';
import { AppError } from '../../shared/errors.js';
import type { Store, Write } from '../../shared/store/store.js';
import { noteMessage } from '../chats/chat-rows.js';
import { noteContact } from '../chats/contact-rows.js';
import { Draft } from '../chats/draft.js';
import { chatWith } from '../chats/identities.js';
import { TABLES, type MessageCount, type MessageDay } from '../supervisor-store.js';
import { PartMarks } from './changed-parts.js';
import type { HistoryFilter } from './history-filter.js';
import { readBefore, readPage, searchBack } from './history-page.js';
import { mayHaveOlder, requireRemote } from './history-walk.js';
import { afterChange, changedBy, inOneChat, withoutWords } from './message-effects.js';
import { dayOf, inNamedDay, withMessage } from './message-day.js';
import { indexKey, placeOfId, type Place } from './message-index.js';
import { recordBytes, secondOf, settledGrowth } from './message-record.js';
import type { Position } from './part-spans.js';
import { receiptsOf, withReceipts, type Confirmation, type ReceiptView } from './receipts.js';
import type { RemoteHistory } from './remote-history.js';

/** One of our own messages got further; `at` is Unix milliseconds. */
export interface StatusMove {
  sessionId: string;
  messageId: string;
  status: MessageStatus;
  at: number;
}

/** A message that lies here, and the row of its day. */
interface Kept {
  place: Place;
  day: MessageDay | undefined;
  message: Message;
}

/** Messages of one person that are looked at to find one that was not written in a group. */
const HEARD_AT_MOST = 100;
/** Messages of all chats among which those of one are looked for. */
const LOOKED_THROUGH = 1_000;

/** `before` is a place, and wins over `offset`. */
export interface HistoryRange {
  limit: number;
  offset?: number;
  before?: Position | undefined;
  filter?: HistoryFilter | undefined;
}

export interface HistoryPage {
  messages: Message[];
  /** The place from which to go on, when there may be more. */
  next: Position | undefined;
  /** Of all messages; undefined with a filter. */
  total: number | undefined;
  /** With a filter: messages looked at. */
  looked?: number;
}

/** What was sent and received, each message once. Methods that change something answer the writes to commit. */
export class History {
  readonly #store: Store;
  readonly #remote: RemoteHistory | undefined;
  readonly #marks: PartMarks;

  /** @param remote days that are only in the object store; without it they cannot be read */
  constructor(store: Store, remote?: RemoteHistory) {
    this.#store = store;
    this.#remote = remote;
    this.#marks = new PartMarks(store);
  }

  /**
   * Nothing when the message is there already; a placeholder for what could not be decrypted gives way to the message itself. An edit or a
   * revocation changes the message it is about too, if that is the same author's, in the same chat, and here; one of our own does so once
   * WhatsApp has it, and until then nobody sees it.
   */
  append(sessionId: string, given: Message): Write[] {
    const message = { ...given, timestamp: inNamedDay(given.timestamp) };
    const known = this.#store.get<Place>(TABLES.messageIndex, indexKey(sessionId, message));
    if (!known) return this.#withEffect(sessionId, message, (kept) => this.#add(sessionId, kept));
    const before = this.#store.get<Message>(TABLES.messages, [sessionId, known[0], known[1]]);
    if (before?.type !== 'undecryptable' || message.type === 'undecryptable') return [];
    // Its author deleted it before it could be read.
    if (before.revokedAt !== undefined) return [];
    // Its placeholder cannot be changed any more, and the message must not be lost.
    if (this.#evicted(sessionId, known)) return this.#withEffect(sessionId, message, (kept) => this.#add(sessionId, kept));
    const status = advances(message.status, before.status) ? before.status : message.status;
    return this.#withEffect(sessionId, message, (kept) => this.#replace(sessionId, known, before, { ...kept, status }));
  }

  /** Says of a received message that it was read here; nothing when that is known, or it is no longer kept here. */
  markRead(sessionId: string, { from, id }: Pick<Message, 'from' | 'id'>): Write[] {
    const kept = this.#kept(sessionId, this.#store.get<Place>(TABLES.messageIndex, indexKey(sessionId, { fromMe: false, from, id })));
    return kept && advances(kept.message.status, 'read') ? this.#moveTo(sessionId, kept, { ...kept.message, status: 'read' }) : [];
  }

  /** Keeps what was told of people and groups. */
  meet(sessionId: string, contacts: readonly Contact[]): Write[] {
    const draft = new Draft(this.#store);
    for (const contact of contacts) noteContact(draft, sessionId, contact);
    return draft.writes;
  }

  /** Received messages of a chat that were not read here, the newest first: those after the last that was, among the newest of the session. */
  unread(sessionId: string, chat: string, most: number): Message[] {
    const found: Message[] = [];
    for (const { value } of this.#store.range<Message>(TABLES.messages, { prefix: [sessionId], reverse: true, limit: LOOKED_THROUGH })) {
      if (value.fromMe || (value.chat !== chat && value.chatAlt !== chat)) continue;
      if (value.status !== 'delivered' || found.length >= most) break;
      found.push(value);
    }
    return found;
  }

  /** Moves one of our own messages forward; nothing when it is unknown, no longer kept here, or further along already. */
  advance(sessionId: string, messageId: string, status: MessageStatus): Write[] {
    return this.settle(sessionId, messageId, status).writes;
  }

  /** The same, with what was sent (see `Message.raw`), why it was not, or who confirmed it. `moved` tells whether the status did. */
  settle(
    sessionId: string,
    messageId: string,
    status: MessageStatus,
    outcome: { raw?: string | undefined; failure?: SendFailure; confirmations?: readonly Confirmation[] } = {},
  ): { writes: Write[]; moved: boolean } {
    const kept = this.#kept(sessionId, this.#ownPlace(sessionId, messageId));
    if (!kept) return { writes: [], moved: false };
    const { place, message: before } = kept;
    const moved = advances(before.status, status);
    // What was deleted meanwhile is not told any more.
    const told = before.revokedAt === undefined && before.raw === undefined ? outcome.raw : undefined;
    const receipts = withReceipts(before.receipts, outcome.confirmations ?? []);
    const after = {
      ...(moved ? withStatus(before, status, outcome.failure) : before),
      ...(told !== undefined && { raw: told }),
      ...(receipts && { receipts }),
    };
    if (isUnconfirmed(before) && !isUnconfirmed(after) && changedBy(after) !== undefined) {
      return { writes: this.#withEffect(sessionId, after, (told) => this.#replace(sessionId, place, before, told)), moved };
    }
    const isNew = moved || told !== undefined || receipts !== undefined;
    return { writes: isNew ? this.#moveTo(sessionId, kept, after) : [], moved };
  }

  /** Whether this person, by either address, wrote to the session, not only in groups, as far as is kept here. */
  hasHeardFrom(sessionId: string, person: string): boolean {
    const { chat, chatAlt } = chatWith(this.#store, sessionId, person);
    return [chat, chatAlt].some((from) => from !== undefined && this.#hasHeard(sessionId, from, [chat, chatAlt]));
  }

  /** Whether it is one of our own messages, also one that is no longer kept here. */
  hasSent(sessionId: string, messageId: string): boolean {
    return this.#ownPlace(sessionId, messageId) !== undefined;
  }

  /** Newest first. @throws STORAGE_UNAVAILABLE when the page has days that are only in the object store, and it cannot be read */
  async page(sessionId: string, { limit, offset = 0, before, filter }: HistoryRange): Promise<HistoryPage> {
    const walk = { store: this.#store, remote: this.#remote, sessionId, before };
    if (filter) return { ...(await searchBack(walk, filter, limit)), total: undefined };
    const found = before ? await readBefore(walk, limit) : await readPage(this.#store, this.#remote, sessionId, { limit, offset });
    const last = found.length === limit ? found.at(-1)?.position : undefined;
    return {
      messages: found.flatMap(({ message }) => message ?? []),
      next: last && mayHaveOlder(this.#store, sessionId, last) ? last : undefined,
      total: this.#count(sessionId).total,
    };
  }

  /**
   * The message with this id: one of our own, else the newest that was received, from `from` if that is said.
   * @throws STORAGE_UNAVAILABLE when it is only in the object store, and that cannot be read
   */
  async find(sessionId: string, id: string, from?: string): Promise<Message | undefined> {
    const place =
      from === undefined
        ? await placeOfId(this.#store, sessionId, id)
        : this.#store.get<Place>(TABLES.messageIndex, indexKey(sessionId, { fromMe: false, from, id }));
    if (!place) return undefined;
    const [second, n] = place;
    if (this.#evicted(sessionId, place)) return requireRemote(this.#remote).message(sessionId, [second, n]);
    return this.#store.get<Message>(TABLES.messages, [sessionId, second, n]);
  }

  /** As `find`. @throws STORAGE_UNAVAILABLE also while it may be one that is still to be indexed after a restore */
  async findIndexed(sessionId: string, id: string, from?: string): Promise<Message | undefined> {
    const found = await this.find(sessionId, id, from);
    if (!found && this.#store.get(TABLES.indexGaps, [sessionId]) !== undefined) throw notIndexed();
    return found;
  }

  /** Who has this message of our own. @throws MESSAGE_NOT_FOUND, STORAGE_UNAVAILABLE */
  async receipts(sessionId: string, id: string): Promise<ReceiptView[]> {
    const message = await this.findIndexed(sessionId, id);
    if (!message?.fromMe) throw new AppError('MESSAGE_NOT_FOUND', 'The session has sent no message with this id.');
    return receiptsOf(this.#store, sessionId, message);
  }

  /** Messages of all sessions, those that are only in the object store included. */
  total(): number {
    let total = 0;
    for (const { value } of this.#store.range<MessageCount>(TABLES.messageCounts)) total += value.total;
    return total;
  }

  #hasHeard(sessionId: string, from: string, chats: readonly (string | undefined)[]): boolean {
    const rows = this.#store.range<Place>(TABLES.messageIndex, { prefix: [sessionId, 'in', from], limit: HEARD_AT_MOST });
    for (const { value: place } of rows) {
      const message = this.#store.get<Message>(TABLES.messages, [sessionId, place[0], place[1]]);
      // What is only in the object store may be of either kind.
      if (!message || chats.includes(message.chat)) return true;
    }
    return false;
  }

  /** What `keep` writes of the message, and what the message does to the one it is about. */
  #withEffect(sessionId: string, message: Message, keep: (message: Message) => Write[]): Write[] {
    const target = this.#target(sessionId, message);
    const after = target && afterChange(target.message, message);
    if (!after) return keep(message);
    if (after === 'late') return keep(withoutWords(message));
    const writes = keep(message);
    writes.push(...this.#replace(sessionId, target.place, target.message, after, writes));
    const { editId } = target.message;
    const earlier = editId === undefined ? undefined : this.#byAuthor(sessionId, target.message, editId);
    if (earlier) writes.push(...this.#replace(sessionId, earlier.place, earlier.message, withoutWords(earlier.message), writes));
    return writes;
  }

  #target(sessionId: string, message: Message): Kept | undefined {
    const id = isUnconfirmed(message) ? undefined : changedBy(message);
    const found = id === undefined ? undefined : this.#byAuthor(sessionId, message, id);
    return found && inOneChat(found.message, message) ? found : undefined;
  }

  /** A message that lies here and has the same author as `like`, by either of that one's identities. */
  #byAuthor(sessionId: string, like: Message, id: string): Kept | undefined {
    for (const from of [like.from, like.fromAlt]) {
      if (from === undefined) continue;
      const kept = this.#kept(
        sessionId,
        this.#store.get<Place>(TABLES.messageIndex, indexKey(sessionId, { fromMe: like.fromMe, from, id })),
      );
      if (kept) return kept;
    }
    return undefined;
  }

  #add(sessionId: string, message: Message): Write[] {
    const second = secondOf(message.timestamp);
    const count = this.#count(sessionId);
    const n = count.n + 1;
    const next: MessageCount = { total: count.total + 1, n };
    const day = dayOf(second);
    const dayRow = withMessage(this.#day(sessionId, day), recordBytes({ second, n, message }));
    const place: Place = [second, n, dayRow.part];
    return [
      { table: TABLES.messages, key: [sessionId, second, n], value: message, before: null },
      { table: TABLES.messageIndex, key: indexKey(sessionId, message), value: place },
      { table: TABLES.messageCounts, key: [sessionId], value: next },
      { table: TABLES.messageDays, key: [sessionId, day], value: dayRow },
      { table: TABLES.messageParts, key: [sessionId, day, dayRow.part, n], value: second },
      this.#marks.mark(sessionId, day, dayRow.part),
      ...this.#noted([], (draft) => {
        noteMessage(draft, sessionId, [second, n], message);
      }),
    ];
  }

  /** The message as it is now that it got further, which changes nothing of it but its status and what came with that. */
  #moveTo(sessionId: string, { place: [second, n, part], day, message: before }: Kept, after: Message): Write[] {
    const name = dayOf(second);
    const growth = settledGrowth(before, after);
    return [
      { table: TABLES.messages, key: [sessionId, second, n], value: after, before },
      ...(growth === 0 ? [] : grown(sessionId, name, part, day, growth)),
      this.#marks.mark(sessionId, name, part),
    ];
  }

  /** What `note` changes in the list of chats after the writes that come before. */
  #noted(before: readonly Write[], note: (draft: Draft) => void): Write[] {
    const draft = new Draft(this.#store, before);
    note(draft);
    return draft.writes;
  }

  /** @param together writes that are committed with these, and come before them */
  #replace(sessionId: string, [second, n, part]: Place, before: Message, after: Message, together: readonly Write[] = []): Write[] {
    const day = dayOf(second);
    const written = together.findLast(({ table, key }) => table === TABLES.messageDays && key[1] === day)?.value as MessageDay | undefined;
    const growth = recordBytes({ second, n, message: after }) - recordBytes({ second, n, message: before });
    return [
      { table: TABLES.messages, key: [sessionId, second, n], value: after, before },
      ...grown(sessionId, day, part, written ?? this.#day(sessionId, day), growth),
      this.#marks.mark(sessionId, day, part),
      ...this.#noted(together, (draft) => {
        noteMessage(draft, sessionId, [second, n], after, { old: true });
      }),
    ];
  }

  #kept(sessionId: string, place: Place | undefined): Kept | undefined {
    if (!place) return undefined;
    const day = this.#day(sessionId, dayOf(place[0]));
    if (isRemote(day, place)) return undefined;
    const message = this.#store.get<Message>(TABLES.messages, [sessionId, place[0], place[1]]);
    return message && { place, day, message };
  }

  #evicted(sessionId: string, place: Place): boolean {
    return isRemote(this.#day(sessionId, dayOf(place[0])), place);
  }

  #day(sessionId: string, day: string): MessageDay | undefined {
    return this.#store.get<MessageDay>(TABLES.messageDays, [sessionId, day]);
  }

  #ownPlace(sessionId: string, messageId: string): Place | undefined {
    return this.#store.get<Place>(TABLES.messageIndex, indexKey(sessionId, { fromMe: true, from: '', id: messageId }));
  }

  #count(sessionId: string): MessageCount {
    return this.#store.get<MessageCount>(TABLES.messageCounts, [sessionId]) ?? { total: 0, n: 0 };
  }
}

/** Its part is complete in the object store, and what may still lie here is being removed. */
const isRemote = (day: MessageDay | undefined, [, , part]: Place): boolean => part < (day?.remoteParts ?? 0);

/** A part that is full already takes the message nevertheless: one file a little larger is better than a message that moves. */
const grown = (sessionId: string, name: string, part: number, day: MessageDay | undefined, growth: number): Write[] =>
  day?.part === part ? [{ table: TABLES.messageDays, key: [sessionId, name], value: { ...day, partBytes: day.partBytes + growth } }] : [];

const notIndexed = (): AppError =>
  new AppError('STORAGE_UNAVAILABLE', 'Messages that came back from the object store are still being indexed; try again in a moment.', {
    retryAfterSeconds: 5,
  });

const withStatus = ({ failure: _before, ...message }: Message, status: MessageStatus, failure: SendFailure | undefined): Message => ({
  ...message,
  status,
  ...(failure && { failure }),
});
