// Chats and people of a session as a checkpoint keeps them, and back.
import { z } from 'zod';
import { keyPart } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Position } from '../messages/part-spans.js';
import { TABLES, type ChatRow, type ContactRow } from '../supervisor-store.js';
import { shownLast } from './chat-rows.js';

/** A chat with what is shown of its newest message: whoever reads it does not have that yet. */
type ChatRecord = Required<Pick<ChatRow, 'last'>> & ChatRow;

const Place = z.tuple([z.number().int(), z.number().int()]);

export const ChatRecords = z.object({
  chats: z.array(
    z.tuple([
      z.number().int(),
      z.number().int(),
      z.custom<ChatRecord>((value) => z.object({ chat: z.string(), last: z.object({ id: z.string() }) }).safeParse(value).success),
    ]),
  ),
  /** Kind, jid, and what is known. */
  contacts: z.array(z.tuple([z.string(), z.string(), z.custom<ContactRow>((value) => z.object({}).safeParse(value).success)])),
  /** Chats of messages before this place are still to be looked for. */
  gap: Place.optional(),
});
export type ChatRecords = z.infer<typeof ChatRecords>;

export const chatRecords = (store: Pick<Store, 'get' | 'range'>, sessionId: string): ChatRecords => {
  const prefix = [sessionId];
  const gap = store.get<Position>(TABLES.chatGaps, prefix);
  return {
    chats: [...store.range<ChatRow>(TABLES.chatOrder, { prefix })].flatMap(({ key, value }): ChatRecords['chats'] => {
      const last = shownLast(value, store.get<Message>(TABLES.messages, key));
      return last ? [[Number(key[1]), Number(key[2]), { ...value, last }]] : [];
    }),
    contacts: [...store.range<ContactRow>(TABLES.contacts, { prefix })].map(({ key, value }) => [String(key[1]), String(key[2]), value]),
    ...(gap && { gap: [gap[0], gap[1]] }),
  };
};

export const chatRecordWrites = (sessionId: string, { chats, contacts, gap }: ChatRecords): Write[] => [
  ...chats.flatMap(([second, n, row]): Write[] => [
    { table: TABLES.chatOrder, key: [sessionId, second, n], value: row },
    { table: TABLES.chats, key: [sessionId, keyPart(row.chat)], value: [second, n] },
    ...lidWrite(sessionId, row.chat, row.lid),
  ]),
  ...contacts.flatMap(([kind, jid, row]): Write[] => [
    { table: TABLES.contacts, key: [sessionId, kind, jid], value: row },
    ...lidWrite(sessionId, jid, row.lid),
  ]),
  ...(gap ? [{ table: TABLES.chatGaps, key: [sessionId], value: gap }] : []),
];

export const lidWrite = (sessionId: string, jid: string, lid: string | undefined): Write[] =>
  lid === undefined || lid === jid ? [] : [{ table: TABLES.lids, key: [sessionId, keyPart(lid)], value: jid }];
