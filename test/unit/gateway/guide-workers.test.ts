// What workers send in the guide's dialect.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GatewayFixture, heartbeatOf, registrationOf, StandInWorker, WORKER_TOKEN } from './gateway-fixture.js';

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/;
const PNG = 'data:image/png;base64,iVBORw0KGgo=';

let gateway: GatewayFixture;
beforeAll(async () => {
  gateway = await GatewayFixture.open();
});
afterAll(async () => gateway.close());

test('a registration is taken, and a second one of the same worker too, from wherever it runs now', async () => {
  const first = await gateway.worker('POST', '/workers/register', registrationOf('worker-001', 'http://192.168.1.100:8001'));
  expect(first.status).toBe(201);
  expect(first.body).toEqual({
    success: true,
    message: 'Worker registered successfully',
    data: {
      workerId: 'worker-001',
      endpoint: 'http://192.168.1.100:8001',
      status: 'ONLINE',
      maxSessions: 50,
      version: '1.0.0',
      environment: 'PRODUCTION',
      registeredAt: expect.stringMatching(ISO) as string,
    },
  });
  const again = await gateway.worker('POST', '/workers/register', registrationOf('worker-001', 'http://10.0.0.7:8001/'));
  expect(again).toMatchObject({ status: 200, body: { data: { endpoint: 'http://10.0.0.7:8001' } } });
});

test('the registration of the guide`s own curl, without a description, is taken', async () => {
  const body = { ...registrationOf('worker-curl', 'http://localhost:8001'), description: undefined };
  expect((await gateway.worker('POST', '/workers/register', body)).status).toBe(201);
});

test('a heartbeat is answered as the guide prints it', async () => {
  await gateway.worker('POST', '/workers/register', registrationOf('worker-beat', 'http://192.168.1.100:8003'));
  const breakdown = { total: 25, connected: 20, disconnected: 2, qr_required: 2, reconnecting: 1, error: 0, maxSessions: 50 };
  const { status, body } = await gateway.worker('PUT', '/workers/worker-beat/heartbeat', {
    status: 'online',
    metrics: { sessions: breakdown, cpuUsage: 45.5, memoryUsage: 67.8, uptime: 3600, messageCount: 1250 },
  });
  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    message: 'Heartbeat updated successfully',
    data: {
      workerId: 'worker-beat',
      status: 'ONLINE',
      sessionCount: 25,
      sessionBreakdown: breakdown,
      lastHeartbeat: expect.stringMatching(ISO) as string,
    },
  });
});

test('a heartbeat of a worker that never registered is 404', async () => {
  const { status, body } = await gateway.beat('worker-nobody');
  expect([status, body]).toEqual([404, { success: false, error: 'There is no worker worker-nobody.', code: 'WORKER_NOT_FOUND' }]);
});

describe('without the right token', () => {
  const REQUESTS = [
    ['POST', '/api/v1/workers/register'],
    ['PUT', '/api/v1/workers/worker-001/heartbeat'],
    ['POST', '/api/webhooks/session-status'],
  ] as const;

  test.each(REQUESTS)('%s %s is 401, whatever else is wrong', async (method, path) => {
    const headers = ['', 'Bearer', 'Bearer wrong', `Basic ${WORKER_TOKEN}`, `Bearer ${WORKER_TOKEN}x`];
    for (const authorization of headers) {
      const answer = await gateway.request(method, path, '{broken', { authorization });
      expect(answer).toMatchObject({ status: 401, body: { success: false, code: 'UNAUTHORIZED' } });
      expect(answer.headers.get('www-authenticate')).toBe('Bearer');
    }
  });
});

describe('a body that is not right', () => {
  const good = registrationOf('worker-002', 'http://192.168.1.101:8001');
  const beat = heartbeatOf();
  const report = { sessionId: 'bodies', status: 'connected' };
  const metrics = (change: object) => ({ ...beat, metrics: { ...beat.metrics, ...change } });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no id', { ...good, workerId: undefined }],
    ['an id with a slash', { ...good, workerId: 'a/b' }],
    ['no endpoint', { ...good, endpoint: undefined }],
    ['an endpoint that is no URL', { ...good, endpoint: 'localhost:8001' }],
    ['an endpoint of another protocol', { ...good, endpoint: 'ftp://localhost' }],
    ['no maxSessions', { ...good, maxSessions: undefined }],
    ['no room at all', { ...good, maxSessions: 0 }],
    ['maxSessions as text', { ...good, maxSessions: '50' }],
    ['an unknown environment', { ...good, environment: 'production' }],
    ['a list', []],
  ])('is refused as a registration: %s', async (_name, body) => {
    expect(await gateway.worker('POST', '/workers/register', body)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no status', { ...beat, status: undefined }],
    ['an upper-case status', { ...beat, status: 'ONLINE' }],
    ['no metrics', { status: 'online' }],
    ['no breakdown', metrics({ sessions: undefined })],
    ['a breakdown without a part', metrics({ sessions: { ...beat.metrics.sessions, reconnecting: undefined } })],
    ['a negative count', metrics({ sessions: { ...beat.metrics.sessions, error: -1 } })],
    ['more than 100 percent', metrics({ cpuUsage: 100.1 })],
    ['a count of messages with a fraction', metrics({ messageCount: 1.5 })],
  ])('is refused as a heartbeat: %s', async (_name, body) => {
    expect(await gateway.worker('PUT', '/workers/worker-001/heartbeat', body)).toMatchObject({
      status: 400,
      body: { success: false, code: 'INVALID_REQUEST', error: expect.stringMatching(/^The request is not valid: .+\.$/) as string },
    });
  });

  test.each<[string, unknown]>([
    ['nothing', undefined],
    ['no session', { status: 'connected' }],
    ['a session id with a space', { ...report, sessionId: 'a b' }],
    ['an upper-case status', { ...report, status: 'CONNECTED' }],
    ['a status of the other dialect', { ...report, status: 'init' }],
    ['a QR code that is no image', { ...report, status: 'qr_required', qrCode: '2@abc' }],
    ['a number with a device', { ...report, phoneNumber: '6281234567890:12' }],
    ['a time that is none', { ...report, timestamp: 'yesterday' }],
  ])('is refused as a report: %s', async (_name, body) => {
    expect(await gateway.report(body)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  test.each(['/workers/register', '/workers/worker-001/heartbeat'])('is refused at %s for how it is sent', async (path) => {
    const method = path.endsWith('register') ? 'POST' : 'PUT';
    const send = async (body: string, type = 'application/json') =>
      (await gateway.request(method, `/api/v1${path}`, body, { authorization: `Bearer ${WORKER_TOKEN}`, 'content-type': type })).status;
    expect(await send('{"workerId":')).toBe(400);
    expect(await send('a=1', 'application/x-www-form-urlencoded')).toBe(415);
    expect(await send(JSON.stringify({ description: 'x'.repeat(1024 * 1024) }))).toBe(413);
  });
});

describe('a report', () => {
  beforeAll(async () => {
    await gateway.addWorker('worker-reports');
    await gateway.admin('POST', '/sessions', { name: 'Reports', sessionId: 'reports' });
  });

  test('of a session changes its record, and its QR code is there as long as it is to be scanned', async () => {
    const answer = await gateway.report({ sessionId: 'reports', status: 'qr_required', qrCode: PNG, timestamp: '2024-01-15T10:30:00Z' });
    expect(answer).toMatchObject({ status: 200, body: { success: true, data: { sessionId: 'reports', status: 'qr_required' } } });
    expect((await gateway.admin('GET', '/sessions/reports/qr')).body.data).toMatchObject({ qrCode: PNG, source: 'report' });
    await gateway.report({ sessionId: 'reports', status: 'connected', phoneNumber: '+6281234567890' });
    expect(gateway.gateway.state.sessions.get('reports')).toMatchObject({ status: 'connected', phoneNumber: '+6281234567890' });
    expect(await gateway.admin('GET', '/sessions/reports/qr')).toMatchObject({ status: 409, body: { code: 'QR_NOT_AVAILABLE' } });
  });

  test('of an unknown session is 404 and is kept all the same', async () => {
    const report = { sessionId: 'nobody', status: 'connected', seq: 7 };
    expect(await gateway.report(report)).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } });
    const { reports } = (await gateway.admin('GET', '/sessions/nobody/reports')).body.data ?? {};
    expect(reports).toMatchObject([{ kind: 'session-status', answer: 404, body: report }]);
  });

  test('is kept in the order of arrival, with what the gateway does not know, the newest thousand', async () => {
    for (let seq = 0; seq < 1_010; seq++) await gateway.report({ sessionId: 'many', status: 'reconnecting', seq, reason: 'transient' });
    const { reports, total } = (await gateway.admin('GET', '/sessions/many/reports')).body.data as {
      reports: { body: { seq: number; reason: string }; arrivedAt: string; arrival: number }[];
      total: number;
    };
    expect(total).toBe(1_000);
    expect(reports.map(({ body }) => body.seq)).toEqual(Array.from({ length: 1_000 }, (_, at) => at + 10));
    expect(reports[0]).toMatchObject({ body: { reason: 'transient' }, arrivedAt: expect.stringMatching(ISO) as string });
    expect(reports.map(({ arrival }) => arrival)).toEqual(reports.map(({ arrival }) => arrival).toSorted((a, b) => a - b));
  });

  test('of a worker that does not own the session is refused', async () => {
    const other = await StandInWorker.start();
    await gateway.worker('POST', '/workers/register', registrationOf('worker-other', other.endpoint));
    const answer = await gateway.report({ sessionId: 'reports', status: 'error', workerId: 'worker-other' });
    expect(answer).toMatchObject({ status: 409, body: { code: 'SESSION_ELSEWHERE' } });
    expect(gateway.gateway.state.sessions.get('reports')?.status).toBe('connected');
    await other.stop();
  });
});

test('message reports, and paths and methods nobody knows, are told apart', async () => {
  const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
  expect(await gateway.request('POST', '/api/webhooks/message-status', {}, headers)).toMatchObject({
    status: 404,
    body: { code: 'NOT_FOUND' },
  });
  const wrong = await gateway.request('GET', '/api/v1/workers/register', undefined, headers);
  expect(wrong.status).toBe(405);
  expect(wrong.headers.get('allow')).toBe('POST');
});
