// Whether the list of chats is what follows from history.
import { keyPart } from '../shared/domain/ids.js';
import type { Message } from '../shared/domain/message.js';
import type { Findings } from '../shared/store/check-store.js';
import type { StoreReader } from '../shared/store/store-reader.js';
import { isSilent, shownLast } from './chats/chat-rows.js';
import { Draft } from './chats/draft.js';
import { identify } from './chats/identities.js';
import { compare, type Position } from './messages/part-spans.js';
import { TABLES, type ChatRow } from './supervisor-store.js';

type Reader = Pick<StoreReader, 'get' | 'range'>;

/** Synchronous, so that all of it sees one state of the store. */
export const checkChats = (reader: Reader, sessionId: string, findings: Findings): void => {
  for (const { key, value } of reader.range<ChatRow>(TABLES.chatOrder, { prefix: [sessionId] })) {
    const place = reader.get<Position>(TABLES.chats, [sessionId, keyPart(value.chat)]);
    if (place?.[0] !== key[1] || place?.[1] !== key[2]) findings.error(`a chat of session ${sessionId} stands twice in the list of chats`);
    if (!shownLast(value, reader.get<Message>(TABLES.messages, key)))
      findings.error(`the newest message of a chat of session ${sessionId} is missing`);
  }
  for (const { value: place } of reader.range<Position>(TABLES.chats, { prefix: [sessionId] })) {
    if (reader.get(TABLES.chatOrder, [sessionId, ...place]) === undefined)
      findings.error(`a chat of session ${sessionId} is missing in the list of chats`);
  }
  const gap = reader.get<Position>(TABLES.chatGaps, [sessionId]);
  for (const { key, value: message } of reader.range<Message>(TABLES.messages, { prefix: [sessionId] })) {
    const place: Position = [Number(key[1]), Number(key[2])];
    if (isSilent(message) || (gap && compare(place, gap) < 0)) continue;
    const { jid } = identify(new Draft(reader), sessionId, message.chat, message.chatAlt);
    const newest = reader.get<Position>(TABLES.chats, [sessionId, keyPart(jid)]);
    if (!newest || compare(newest, place) < 0) findings.error(`message ${place[1]} of session ${sessionId} is newer than its chat`);
  }
};
