import type { DeadWebhook } from '../../webhooks/dead-webhook.js';
import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { PageQuery } from '../schemas/page.js';
import { ReplayedReports, ReplayReports } from '../schemas/report.js';
import { DeadWebhooks } from '../schemas/webhook.js';
import { iso } from '../session-json.js';

export const webhookEndpoints = ({ webhooks }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/webhooks/dead', tag: 'reports' },
    summary: 'Events that consumers of webhooks refused for good, newest first.',
    query: PageQuery,
    data: DeadWebhooks,
    errors: ['STORAGE_UNAVAILABLE'],
    examples: {
      one: {
        query: { limit: 50, offset: 0 },
        data: {
          webhooks: [
            {
              ...{ id: 1764349324512, sessionId: 'alice', createdAt: '2026-11-22T16:18:02.942Z', seq: 7, type: 'message' },
              ...{ httpStatus: 410, error: 'It answered 410.', diedAt: '2026-11-22T16:42:04.512Z' },
            },
          ],
          pagination: { total: 1, limit: 50, offset: 0 },
        },
      },
    },
    handle: ({ query }) => {
      const { webhooks: page, total } = webhooks.dead(query);
      return { webhooks: page.map(deadWebhookJson), pagination: { total, ...query } };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/webhooks/replay', tag: 'reports' },
    summary: 'Tells refused events again, under their ids: those of `ids`, or all.',
    body: ReplayReports,
    data: ReplayedReports,
    errors: ['STORAGE_UNAVAILABLE', 'DRAINING'],
    examples: { some: { body: { ids: [7] }, data: { replayed: 1 } }, all: { data: { replayed: 12 } } },
    handle: async ({ body: { ids } }) => ({ replayed: await webhooks.replay(ids) }),
  }),
];

const deadWebhookJson = ({ id, sessionId, createdAt, seq, type, status, sentence, diedAt }: DeadWebhook) => ({
  ...{ id, sessionId, createdAt: iso(createdAt), seq, type },
  ...{ httpStatus: status, error: sentence, diedAt: iso(diedAt) },
});
