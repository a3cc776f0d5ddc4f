import { outwardStatus } from '../../../shared/domain/session.js';
import type { DeadReport } from '../../backend/report.js';
import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { PageQuery } from '../schemas/page.js';
import { DeadReports, ReplayedReports, ReplayReports } from '../schemas/report.js';
import { iso } from '../session-json.js';

export const reportEndpoints = ({ reports }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/reports/dead', tag: 'reports' },
    summary: 'Reports that the backend refused for good, newest first.',
    query: PageQuery,
    data: DeadReports,
    errors: [],
    examples: {
      one: {
        query: { limit: 50, offset: 0 },
        data: {
          reports: [
            {
              ...{ id: 7, sessionId: 'alice', status: 'connected', seq: 5, reason: 'opened', at: '2026-11-22T16:42:04.329Z' },
              ...{ httpStatus: 422, error: 'The backend refused the report.', diedAt: '2026-11-22T16:42:04.512Z' },
            },
          ],
          pagination: { total: 1, limit: 50, offset: 0 },
        },
      },
    },
    handle: ({ query }) => {
      const page = reports.dead(query);
      return { reports: page.reports.map(deadReportJson), pagination: { total: page.total, ...query } };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/reports/replay', tag: 'reports' },
    summary: 'Sends refused reports again: those of `ids`, or all.',
    body: ReplayReports,
    data: ReplayedReports,
    errors: ['STORAGE_UNAVAILABLE'],
    examples: { some: { body: { ids: [7] }, data: { replayed: 1 } }, all: { data: { replayed: 12 } } },
    handle: async ({ body: { ids } }) => ({ replayed: await reports.replay(ids) }),
  }),
];

const deadReportJson = ({ id, report, status, sentence, diedAt }: DeadReport) => ({
  id,
  sessionId: report.sessionId,
  status: outwardStatus(report.state, report.everConnected),
  seq: report.seq,
  reason: report.reason,
  at: iso(report.at),
  httpStatus: status,
  error: sentence,
  diedAt: iso(diedAt),
});
