// The list of chats follows from history: each chat stands where its newest message does, and changes in the commits that change that.
import { keyPart } from '../../shared/domain/ids.js';
import { LONGEST_NAME } from '../../shared/domain/contact.js';
import type { Message } from '../../shared/domain/message.js';
import { shortened } from '../../shared/domain/shortened.js';
import type { Store, Write } from '../../shared/store/store.js';
import { secondsOf } from '../messages/message-day.js';
import { compare, type Position } from '../messages/part-spans.js';
import { TABLES, type ChatRow } from '../supervisor-store.js';
import { noteContact } from './contact-rows.js';
import type { Draft } from './draft.js';
import { identify } from './identities.js';

/** They change another message and are nothing new in their chat. */
const SILENT: ReadonlySet<string> = new Set(['edit', 'revoke']);
const LONGEST_CONTENT = 100;
const REMOVED_AT_ONCE = 500;

export const isSilent = ({ type }: Pick<Message, 'type'>): boolean => SILENT.has(type);

/** What the list shows of a message. */
export const lastOf = ({ id, from, fromMe, type, content, timestamp, status }: Message): ChatRow['last'] => ({
  ...{ id, from, fromMe, type, timestamp, status },
  content: content === null ? null : shortened(content, LONGEST_CONTENT),
});

/** A message that stands at this place of history now. @param old it came before what is known */
export const noteMessage = (draft: Draft, sessionId: string, place: Position, message: Message, old = false): void => {
  const { jid, lid } = identify(draft, sessionId, message.chat, message.chatAlt);
  if (!noteChange(draft, sessionId, place, message) && !isSilent(message)) move(draft, sessionId, jid, lid, place, message);
  const { fromMe, pushName, from, fromAlt } = message;
  if (fromMe || pushName === undefined) return;
  const author = { jid: from, ...(fromAlt !== undefined && { lid: fromAlt }), pushName: shortened(pushName, LONGEST_NAME) };
  noteContact(draft, sessionId, author, old);
};

/** A message that stands there already has changed. @returns whether it is the newest of its chat */
export const noteChange = (draft: Draft, sessionId: string, place: Position, message: Message): boolean => {
  const key = [sessionId, ...place];
  const row = draft.get<ChatRow>(TABLES.chatOrder, key);
  if (row) draft.put(TABLES.chatOrder, key, { ...row, last: lastOf(message) } satisfies ChatRow);
  return row !== undefined;
};

const move = (draft: Draft, sessionId: string, chat: string, lid: string | undefined, place: Position, message: Message): void => {
  const key = [sessionId, keyPart(chat)];
  const before = draft.get<Position>(TABLES.chats, key);
  if (before && compare(before, place) > 0) return;
  const known = lid ?? (before && draft.get<ChatRow>(TABLES.chatOrder, [sessionId, ...before])?.lid);
  if (before) draft.put(TABLES.chatOrder, [sessionId, ...before], undefined);
  const row: ChatRow = { chat, ...(known !== undefined && known !== chat && { lid: known }), last: lastOf(message) };
  draft.put(TABLES.chats, key, place);
  draft.put(TABLES.chatOrder, [sessionId, ...place], row);
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
