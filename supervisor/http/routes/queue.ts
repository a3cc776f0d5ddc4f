import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { queuedJson } from '../queue-json.js';
import { CancelledSends, QueuePage, QueuePath } from '../schemas/queue.js';
import { PageQuery } from '../schemas/page.js';
import { DoneMessage, SessionPath } from '../schemas/session.js';

export const queueEndpoints = ({ messages: { queue } }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/queue', tag: 'send' },
    summary: 'What waits to be sent and what is being sent, the next first.',
    params: SessionPath,
    query: PageQuery,
    data: QueuePage,
    errors: ['SESSION_NOT_FOUND'],
    examples: {
      one: {
        params: { id: 'alice' },
        data: {
          sends: [
            {
              ...{ messageId: '3EB0B4D1E0C3A96F27C5D8', to: '6281200000002@s.whatsapp.net', type: 'text', status: 'queued', position: 1 },
              ...{ queuedAt: '2026-11-22T16:19:13.000Z', estimatedAt: '2026-11-22T16:19:16.000Z' },
            },
          ],
          pagination: { total: 1, limit: 50, offset: 0 },
        },
      },
    },
    handle: ({ params: { id }, query }) => {
      const { sends, total } = queue.page(id, query);
      return { sends: sends.map(queuedJson), pagination: { total, ...query } };
    },
  }),
  endpoint({
    ...{ method: 'delete', path: '/session/:id/queue', tag: 'send' },
    summary: 'Cancels everything that waits to be sent.',
    params: SessionPath,
    data: CancelledSends,
    errors: ['SESSION_NOT_FOUND', 'DRAINING'],
    examples: { all: { params: { id: 'alice' }, data: { cancelled: 12, left: 1 } } },
    handle: async ({ params: { id } }) => queue.cancelAll(id),
  }),
  endpoint({
    ...{ method: 'delete', path: '/session/:id/queue/:messageId', tag: 'send' },
    summary: 'Cancels a message that was not handed over for sending yet.',
    params: QueuePath,
    data: DoneMessage,
    envelope: 'flat',
    errors: ['SESSION_NOT_FOUND', 'MESSAGE_NOT_FOUND', 'MESSAGE_NOT_QUEUED', 'DRAINING'],
    examples: {
      one: {
        params: { id: 'alice', messageId: '3EB0B4D1E0C3A96F27C5D8' },
        data: { message: 'The message was cancelled and will not be sent.' },
      },
    },
    handle: async ({ params: { id, messageId } }) => {
      await queue.cancel(id, messageId);
      return { message: 'The message was cancelled and will not be sent.' };
    },
  }),
];
