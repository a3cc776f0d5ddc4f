import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { messageJson } from '../message-json.js';
import { EXAMPLE_MESSAGE, HistoryPage } from '../schemas/message.js';
import { PageQuery } from '../schemas/page.js';
import { SessionPath } from '../schemas/session.js';

export const messageEndpoints = ({ sessions, messages }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/messages', tag: 'messages' },
    summary: 'History of a session, newest first.',
    params: SessionPath,
    query: PageQuery,
    data: HistoryPage,
    errors: ['SESSION_NOT_FOUND', 'STORAGE_UNAVAILABLE'],
    examples: {
      newest: {
        params: { id: 'alice' },
        query: { limit: 1, offset: 0 },
        data: { messages: [EXAMPLE_MESSAGE], pagination: { total: 3, limit: 1, offset: 0 } },
      },
    },
    handle: async ({ params: { id }, query }) => {
      // A session without history and no session at all are different answers.
      sessions.get(id);
      const page = await messages.page(id, query);
      return { messages: page.messages.map(messageJson), pagination: { total: page.total, ...query } };
    },
  }),
];
