import type { z } from 'zod';
import { isGroup } from '../../../shared/domain/ids.js';
import type { ChatView } from '../../chats/chat-list.js';
import { contactCursorOf } from '../../chats/contact-cursor.js';
import { cursorOf } from '../../messages/cursor.js';
import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { ChatsQuery, ContactsQuery, ListedChats, ListedContacts, type ListedChat } from '../schemas/chat-list.js';
import { EXAMPLE_MESSAGE } from '../schemas/message.js';
import { personJson } from '../schemas/person.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';

const ALICE = { id: 'alice' };
const BOB = { lid: '100000000000002@lid', phoneNumber: '+6281200000002', name: 'Bob of the shop' };
const { id, from, fromMe, type, content, status, timestamp, chat } = EXAMPLE_MESSAGE;

/** What is here already: nothing is asked of WhatsApp. */
export const chatListEndpoints = ({ chatList }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/chats', tag: 'chats' },
    summary: 'Chats of a session, the one with the newest message first.',
    params: SessionPath,
    query: ChatsQuery,
    data: ListedChats,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    examples: {
      newest: {
        params: ALICE,
        query: { limit: 1 },
        data: {
          chats: [{ id: chat, ...BOB, isGroup: false, lastActivity: timestamp, lastMessage: { id, from, fromMe, type, content, status } }],
          nextCursor: 'MTc5NTM2NDM1My4x',
        },
      },
      'the next page': { params: ALICE, query: { limit: 1, cursor: 'MTc5NTM2NDM1My4x' }, data: { chats: [] } },
    },
    handle: ({ params: { id: sessionId }, query: { limit, cursor } }) => {
      const { chats, next, incomplete } = chatList.chats(sessionId, { limit, before: cursor });
      return { chats: chats.map(chatJson), nextCursor: next && cursorOf(next), ...(incomplete && { incomplete }) };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/contacts', tag: 'contacts' },
    summary: 'People a session knows by name, in the order of their addresses.',
    params: SessionPath,
    query: ContactsQuery,
    data: ListedContacts,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    examples: {
      first: {
        params: ALICE,
        query: { limit: 1 },
        data: { contacts: [{ jid: chat, ...BOB, pushName: 'Bob' }], nextCursor: 'NjI4MTIwMDAwMDAwMkBzLndoYXRzYXBwLm5ldA' },
      },
    },
    handle: ({ params: { id: sessionId }, query: { limit, cursor } }) => {
      const { contacts, next } = chatList.contacts(sessionId, { limit, after: cursor });
      return {
        contacts: contacts.map(({ jid, lid, ...names }) => ({ ...personJson({ jid, ...(lid !== undefined && { lid }) }), ...names })),
        nextCursor: next === undefined ? undefined : contactCursorOf(next),
      };
    },
  }),
];

const chatJson = ({ name, last: { timestamp: at, ...lastMessage }, ...person }: ChatView): z.input<typeof ListedChat> => {
  const { jid, ...shown } = personJson(person);
  return { id: jid, ...shown, name, isGroup: isGroup(jid), lastActivity: iso(at), lastMessage };
};
