// The one or two addresses of a person: which names them here, and what becomes of the rows of a LID when its number is learned.
import { canonicalJid, isLid, keyPart } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import type { Person } from '../../shared/ipc/queries/person.js';
import type { Store } from '../../shared/store/store.js';
import { compare, type Position } from '../messages/part-spans.js';
import { TABLES, type ChatRow, type ContactRow } from '../supervisor-store.js';
import type { Draft } from './draft.js';

/** Whom `jid`, or `alternative` of the same person, names. That both are one is learned. A group has no other address. */
export const identify = (draft: Draft, sessionId: string, jid: string, alternative?: string): Person => {
  const named = canonicalJid(jid, alternative);
  const lid = [jid, alternative].find((one) => one !== undefined && isLid(one));
  if (lid === undefined) return { jid: named };
  if (isLid(named)) return { jid: draft.get<string>(TABLES.lids, [sessionId, keyPart(lid)]) ?? named, lid };
  learn(draft, sessionId, lid, named);
  return { jid: named, lid };
};

/** The chat that a message to `jid` belongs to: that of the number when it is known, with the other address as received messages have it. */
export const chatWith = (store: Pick<Store, 'get'>, sessionId: string, jid: string): Pick<Message, 'chat' | 'chatAlt'> => {
  if (!isLid(jid)) {
    const lid = store.get<ContactRow>(TABLES.contacts, [sessionId, 'person', jid])?.lid;
    return { chat: jid, ...(lid !== undefined && { chatAlt: lid }) };
  }
  const number = store.get<string>(TABLES.lids, [sessionId, keyPart(jid)]);
  return number === undefined ? { chat: jid } : { chat: number, chatAlt: jid };
};

const learn = (draft: Draft, sessionId: string, lid: string, number: string): void => {
  const key = [sessionId, keyPart(lid)];
  if (draft.get<string>(TABLES.lids, key) === number) return;
  draft.put(TABLES.lids, key, number);
  joinChats(draft, sessionId, lid, number);
  joinContacts(draft, sessionId, lid, number);
};

const joinChats = (draft: Draft, sessionId: string, lid: string, number: string): void => {
  const own = [sessionId, keyPart(lid)];
  const joined = [sessionId, keyPart(number)];
  const place = draft.get<Position>(TABLES.chats, own);
  const other = draft.get<Position>(TABLES.chats, joined);
  const newest = place && other ? (compare(place, other) > 0 ? place : other) : (place ?? other);
  if (!newest) return;
  const row = draft.get<ChatRow>(TABLES.chatOrder, [sessionId, ...newest]);
  for (const older of [place, other]) if (older && older !== newest) draft.put(TABLES.chatOrder, [sessionId, ...older], undefined);
  if (place) draft.put(TABLES.chats, own, undefined);
  draft.put(TABLES.chats, joined, newest);
  if (row) draft.put(TABLES.chatOrder, [sessionId, ...newest], { ...row, chat: number, lid } satisfies ChatRow);
};

const joinContacts = (draft: Draft, sessionId: string, lid: string, number: string): void => {
  const own = [sessionId, 'person', lid];
  const joined = [sessionId, 'person', number];
  const before = draft.get<ContactRow>(TABLES.contacts, own);
  const after = draft.get<ContactRow>(TABLES.contacts, joined);
  if (before) draft.put(TABLES.contacts, own, undefined);
  if (before ?? after) draft.put(TABLES.contacts, joined, { ...before, ...after, lid });
};
