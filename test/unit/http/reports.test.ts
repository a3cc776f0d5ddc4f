import { expect, it } from 'vitest';
import type { DeadReport } from '../../../supervisor/backend/report.js';
import { closeServersAfterEach, startServer } from './http-fixture.js';
import { STARTED_AT } from './memory-sessions.js';

closeServersAfterEach();

const deadReport = (id: number): DeadReport => ({
  id,
  report: {
    ...{ sessionId: 's', seq: 7, state: 'logged_out', everConnected: true, reason: 'logged_out' },
    ...{ phoneNumber: '+15550000001', pushName: undefined, at: STARTED_AT, skipped: 0 },
  },
  status: 404,
  sentence: 'Session not found',
  diedAt: STARTED_AT + 1_000,
});

it('lists refused reports by pages, as the backend would have heard of them', async () => {
  const { call, worker } = await startServer();
  worker.deadReports.push(deadReport(3), deadReport(2), deadReport(1));
  const { data } = await call('GET', '/reports/dead?limit=1&offset=1');
  expect(data).toEqual({
    reports: [
      {
        id: 2,
        sessionId: 's',
        status: 'disconnected',
        seq: 7,
        reason: 'logged_out',
        at: '2024-01-15T10:30:00.000Z',
        httpStatus: 404,
        error: 'Session not found',
        diedAt: '2024-01-15T10:30:01.000Z',
      },
    ],
    pagination: { total: 3, limit: 1, offset: 1 },
  });
});

it('replays those asked for, and all of them without a body', async () => {
  const { call, worker } = await startServer();
  worker.deadReports.push(deadReport(1), deadReport(2));
  expect((await call('POST', '/reports/replay', { ids: [2] })).data).toEqual({ replayed: 1 });
  expect((await call('POST', '/reports/replay')).data).toEqual({ replayed: 2 });
  expect(worker.replayed).toEqual([[2], undefined]);
});

it.each([{ ids: [] }, { ids: 'all' }, { ids: [1.5] }, { ids: [-1] }, { ids: ['1'] }, { ids: null }, [1]])(
  'refuses to replay %j',
  async (body) => {
    const { call } = await startServer();
    expect(await call('POST', '/reports/replay', body)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  },
);

it.each(['limit=0', 'limit=501', 'offset=-1', 'limit=x'])('refuses to list with %s', async (query) => {
  const { call } = await startServer();
  expect(await call('GET', `/reports/dead?${query}`)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
});
