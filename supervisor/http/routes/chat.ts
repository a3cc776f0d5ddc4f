import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { DeletedForMe, DeleteForMe, MarkedRead, MarkRead, Star, Starred, Typing, TypingShown } from '../schemas/chat.js';
import { SessionPath } from '../schemas/session.js';
import { QUERY_ERRORS } from './query-errors.js';

const ALICE = { id: 'alice' };
const BOB = '6281200000002';
const ABOUT_MESSAGE = [...QUERY_ERRORS, 'MESSAGE_NOT_FOUND', 'STORAGE_UNAVAILABLE'] as const;

export const chatEndpoints = ({ chats }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/:id/typing', tag: 'chats' },
    summary: 'Shows in a chat that this session types or records, or has stopped.',
    params: SessionPath,
    body: Typing,
    data: TypingShown,
    errors: QUERY_ERRORS,
    examples: {
      typing: { params: ALICE, body: { to: BOB, state: 'typing' }, data: { to: `${BOB}@s.whatsapp.net`, state: 'typing' } },
    },
    handle: async ({ params: { id }, body: { to, state } }) => {
      await chats.typing(id, to, state === 'typing' ? 'composing' : state);
      return { to, state };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/read', tag: 'chats' },
    summary: 'Marks received messages as read: those named, or all unread ones of the chat.',
    params: SessionPath,
    body: MarkRead,
    data: MarkedRead,
    errors: ABOUT_MESSAGE,
    examples: { chat: { params: ALICE, body: { to: BOB }, data: { messageIds: ['3A5C1E0F7B2D9468AC13'] } } },
    handle: async ({ params: { id }, body: { to, messageIds } }) => ({ messageIds: await chats.read(id, to, messageIds ?? undefined) }),
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/star', tag: 'chats' },
    summary: 'Stars a message on the devices of the account, or takes the star away.',
    params: SessionPath,
    body: Star,
    data: Starred,
    errors: ABOUT_MESSAGE,
    examples: {
      star: {
        params: ALICE,
        body: { to: BOB, messageId: '3A5C1E0F7B2D9468AC13', starred: true },
        data: { messageId: '3A5C1E0F7B2D9468AC13', starred: true },
      },
    },
    handle: async ({ params: { id }, body: { to, messageId, starred } }) => {
      await chats.star(id, to, messageId, starred);
      return { messageId, starred };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/delete-for-me', tag: 'chats' },
    summary: 'Deletes a message on the devices of the account; nobody else notices, and history keeps it.',
    params: SessionPath,
    body: DeleteForMe,
    data: DeletedForMe,
    errors: ABOUT_MESSAGE,
    examples: {
      message: { params: ALICE, body: { to: BOB, messageId: '3A5C1E0F7B2D9468AC13' }, data: { messageId: '3A5C1E0F7B2D9468AC13' } },
    },
    handle: async ({ params: { id }, body: { to, messageId } }) => {
      await chats.deleteForMe(id, to, messageId);
      return { messageId };
    },
  }),
];
