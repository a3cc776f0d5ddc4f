import type { z } from 'zod';
import { AppError } from '../../../shared/errors.js';
import { cursorOf } from '../../messages/cursor.js';
import type { HistoryFilter } from '../../messages/history-filter.js';
import type { ReceiptView } from '../../messages/receipts.js';
import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { messageJson } from '../message-json.js';
import { EXAMPLE_MESSAGE, HistoryMessage, HistoryPage, HistoryQuery, MessagePath, MessageQuery, Receipts } from '../schemas/message.js';
import { personJson } from '../schemas/person.js';
import { SessionPath } from '../schemas/session.js';
import { iso } from '../session-json.js';

const ALICE = { id: 'alice' };
const ERRORS = ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'] as const;

export const messageEndpoints = ({ sessions, messages }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/messages', tag: 'messages' },
    summary: 'History of a session, newest first: by offset, by cursor, or what a filter lets through.',
    params: SessionPath,
    query: HistoryQuery,
    data: HistoryPage,
    errors: ERRORS,
    examples: {
      newest: {
        params: ALICE,
        query: { limit: 1, offset: 0 },
        data: { messages: [EXAMPLE_MESSAGE], pagination: { total: 3, limit: 1, offset: 0 }, nextCursor: 'MTc5NTM2NDM1My4x' },
      },
      'the next page': {
        params: ALICE,
        query: { limit: 1, cursor: 'MTc5NTM2NDM1My4x' },
        data: { messages: [EXAMPLE_MESSAGE], pagination: { total: 3, limit: 1 } },
      },
      'of one chat': {
        params: ALICE,
        query: { chat: '6281200000002', direction: 'out', since: '2026-11-01T00:00:00Z' },
        data: { messages: [EXAMPLE_MESSAGE], pagination: { limit: 50 }, looked: 3 },
      },
    },
    handle: async ({ params: { id }, query: { limit, offset, cursor, ...given } }) => {
      // A session without history and no session at all are different answers.
      sessions.get(id);
      const filter = filterOf(given);
      const { messages: found, total, next, looked } = await messages.page(id, { limit, offset, before: cursor, filter });
      return {
        messages: found.map(messageJson),
        pagination: { total, limit, ...(cursor === undefined && !filter && { offset }) },
        nextCursor: next && cursorOf(next),
        looked,
      };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/messages/:messageId', tag: 'messages' },
    summary: 'One message; `from` says whose, should two senders have given theirs the same id.',
    params: MessagePath,
    query: MessageQuery,
    data: HistoryMessage,
    errors: [...ERRORS, 'MESSAGE_NOT_FOUND'],
    examples: { sent: { params: { ...ALICE, messageId: EXAMPLE_MESSAGE.id }, data: EXAMPLE_MESSAGE } },
    handle: async ({ params: { id, messageId }, query: { from } }) => {
      sessions.get(id);
      const message = await messages.find(id, messageId, from);
      if (!message) throw new AppError('MESSAGE_NOT_FOUND', 'This session has no message with this id.');
      return messageJson(message);
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/messages/:messageId/receipts', tag: 'messages' },
    summary: 'Who of the recipients of a sent message has it, has read it, has played it, and since when.',
    params: MessagePath,
    data: Receipts,
    errors: [...ERRORS, 'MESSAGE_NOT_FOUND'],
    examples: {
      'in a group': {
        params: { ...ALICE, messageId: EXAMPLE_MESSAGE.id },
        data: {
          receipts: [
            {
              ...{ jid: '6281200000002@s.whatsapp.net', lid: '100000000000002@lid', phoneNumber: '+6281200000002', name: 'Bob' },
              ...{ deliveredAt: '2026-11-22T16:19:14.000Z', readAt: '2026-11-22T16:20:02.000Z' },
            },
          ],
        },
      },
    },
    handle: async ({ params: { id, messageId } }) => ({ receipts: (await messages.receipts(id, messageId)).map(receiptJson) }),
  }),
];

const receiptJson = ({ name, deliveredAt, readAt, playedAt, ...person }: ReceiptView): z.input<typeof Receipts>['receipts'][number] => ({
  ...personJson(person),
  name,
  ...(deliveredAt !== undefined && { deliveredAt: iso(deliveredAt) }),
  ...(readAt !== undefined && { readAt: iso(readAt) }),
  ...(playedAt !== undefined && { playedAt: iso(playedAt) }),
});

/** Undefined when nothing is asked for. */
const filterOf = (given: Omit<z.output<typeof HistoryQuery>, 'limit' | 'offset' | 'cursor'>): HistoryFilter | undefined =>
  Object.values(given).some((value) => value !== undefined) ? given : undefined;
