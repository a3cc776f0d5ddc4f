// The list of chats follows from history: each chat stands where its newest message does, moves in the commits that add one, and shows the message that is there.
import { keyPart } from '../../shared/domain/ids.js';
import { LONGEST_NAME } from '../../shared/domain/contact.js';
import type { Message } from '../../shared/domain/message.js';
import { shortened } from '../../shared/domain/shortened.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import { secondsOf } from '../messages/message-day.js';
import { compare, type Position } from '../messages/part-spans.js';
import { TABLES, type ChatLast, type ChatRow } from '../supervisor-store.js';
import { noteContact } from './contact-rows.js';
import type { Draft } from './draft.js';
import { identify } from './identities.js';

/** They change another message and are nothing new in their chat. */
const SILENT: ReadonlySet<string> = new Set(['edit', 'revoke']);
const LONGEST_CONTENT = 100;
const REMOVED_AT_ONCE = 500;

export const isSilent = ({ type }: Pick<Message, 'type'>): boolean => SILENT.has(type);

/** What the list shows of a message. */
export const lastOf = ({ id, from, fromMe, type, content, timestamp, status }: Message): ChatLast => ({
  ...{ id, from, fromMe, type, timestamp, status },
  content: content === null ? null : shortened(content, LONGEST_CONTENT),
});

/** What is shown of the newest message of a chat: what lies here, else what was noted of it. Undefined only in a store that lacks something. */
export const shownLast = ({ last }: ChatRow, message: Message | undefined): ChatLast | undefined => (message ? lastOf(message) : last);

interface Noting {
  /** It came before what is known. */
  old?: boolean;
  /** It may lie in the object store alone, so what the list shows of it is noted too. */
  away?: boolean;
}

/** A message that stands at this place of history now. */
export const noteMessage = (
  draft: Draft,
  sessionId: string,
  place: Position,
  message: Message,
  { old = false, away = false }: Noting = {},
): void => {
  const { jid, lid } = identify(draft, sessionId, message.chat, message.chatAlt);
  if (!isSilent(message)) move(draft, sessionId, { chat: jid, lid }, place, away ? lastOf(message) : undefined);
  const { fromMe, pushName, from, fromAlt } = message;
  if (fromMe || pushName === undefined) return;
  const author = { jid: from, ...(fromAlt !== undefined && { lid: fromAlt }), pushName: shortened(pushName, LONGEST_NAME) };
  noteContact(draft, sessionId, author, old);
};

const move = (
  draft: Draft,
  sessionId: string,
  { chat, lid }: { chat: string; lid: string | undefined },
  place: Position,
  last: ChatLast | undefined,
): void => {
  const key = [sessionId, keyPart(chat)];
  const before = draft.get<Position>(TABLES.chats, key);
  const order = before && compare(before, place);
  if (order !== undefined && (order > 0 || (order === 0 && !last))) return;
  const known = lid ?? (before && draft.get<ChatRow>(TABLES.chatOrder, [sessionId, ...before])?.lid);
  if (before) draft.put(TABLES.chatOrder, [sessionId, ...before], undefined);
  const row: ChatRow = { chat, ...(known !== undefined && known !== chat && { lid: known }), ...(last && { last }) };
  draft.put(TABLES.chats, key, place);
  draft.put(TABLES.chatOrder, [sessionId, ...place], row);
};

/** The message at this place is about to be removed here: if it is the newest of its chat, what the list shows of it stays. */
export const keepLast = (store: Pick<Store, 'get'>, key: Key, message: Message): Write[] => {
  const row = store.get<ChatRow>(TABLES.chatOrder, key);
  return row ? [{ table: TABLES.chatOrder, key, value: { ...row, last: lastOf(message) } satisfies ChatRow }] : [];
};

/** Removals of chats whose messages are all gone, because their days are. Each batch is to be committed before the next is asked for. */
export function* forgetChats(store: Pick<Store, 'get' | 'range'>, sessionId: string): Generator<Write[]> {
  for (;;) {
    const [oldest] = store.range(TABLES.messageDays, { prefix: [sessionId], limit: 1 });
    const before = oldest && [sessionId, secondsOf(String(oldest.key[1])).first];
    const rows = [...store.range<ChatRow>(TABLES.chatOrder, { prefix: [sessionId], before, limit: REMOVED_AT_ONCE })];
    if (rows.length === 0) return;
    yield rows.flatMap(({ key, value: { chat } }) => [
      { table: TABLES.chatOrder, key, value: undefined },
      { table: TABLES.chats, key: [sessionId, keyPart(chat)], value: undefined },
    ]);
  }
}
