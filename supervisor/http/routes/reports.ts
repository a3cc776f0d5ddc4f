import { outwardStatus } from '../../../shared/domain/session.js';
import type { DeadReport } from '../../backend/report.js';
import type { Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { PageQuery, parse, ReplayReports } from '../schemas.js';
import { iso } from '../session-json.js';

export const reportEndpoints = ({ reports }: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/reports/dead',
    handle: (request, response) => {
      const range = parse(PageQuery, request.query);
      const page = reports.dead(range);
      sendData(response, { reports: page.reports.map(deadReportJson), pagination: { total: page.total, ...range } });
    },
  },
  {
    method: 'post',
    path: '/reports/replay',
    handle: async (request, response) => {
      const { ids } = parse(ReplayReports, request.body ?? {});
      sendData(response, { replayed: await reports.replay(ids) });
    },
  },
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
