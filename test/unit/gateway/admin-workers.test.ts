// The guide's APIs for the management of workers, each as it is printed.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_ADMIN } from '../../gateway/start-gateway.js';
import { GatewayFixture, StandInWorker, WORKER_TOKEN } from './gateway-fixture.js';

const ISO = expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/) as string;
/** Nothing listens there. */
const NOBODY = 'http://127.0.0.1:1';

let gateway: GatewayFixture;
beforeAll(async () => {
  gateway = await GatewayFixture.open();
});
afterAll(async () => gateway.close());

describe('logging in', () => {
  const login = async (body: unknown) => gateway.request('POST', '/api/v1/auth/login', body);

  test('gives a token that expires', async () => {
    const { status, body } = await login(DEFAULT_ADMIN);
    expect(status).toBe(200);
    expect(body.data).toMatchObject({
      tokenType: 'Bearer',
      expiresIn: 43_200,
      expiresAt: ISO,
      user: { email: DEFAULT_ADMIN.email, role: 'ADMIN' },
    });
    const [header = ''] = String(body.data?.['token']).split('.');
    expect(JSON.parse(Buffer.from(header, 'base64url').toString())).toEqual({ alg: 'HS256', typ: 'JWT' });
  });

  test.each([
    [401, { ...DEFAULT_ADMIN, password: 'wrong' }],
    [401, { ...DEFAULT_ADMIN, email: 'other@gateway.test' }],
    [400, { email: DEFAULT_ADMIN.email }],
    [400, { ...DEFAULT_ADMIN, password: ['gateway-admin'] }],
    [400, undefined],
  ])('is answered with %i for %j', async (status, body) => {
    expect((await login(body)).status).toBe(status);
  });
});

const ROUTES = [
  ['GET', '/workers'],
  ['POST', '/workers'],
  ['DELETE', '/workers/worker-001'],
  ['GET', '/workers/statistics'],
  ['POST', '/workers/test'],
  ['POST', '/workers/health-check'],
  ['POST', '/workers/health/start'],
  ['POST', '/workers/health/stop'],
  ['GET', '/workers/health/status'],
  ['GET', '/sessions'],
  ['POST', '/sessions'],
  ['POST', '/sessions/alice/connect'],
  ['GET', '/sessions/alice/qr'],
  ['GET', '/sessions/alice/status'],
  ['POST', '/sessions/alice/send'],
  ['GET', '/sessions/alice/messages'],
  ['DELETE', '/sessions/alice'],
  ['GET', '/sessions/alice/reports'],
  ['GET', '/reports/statistics'],
] as const;

test.each(ROUTES)('%s %s takes nothing but a token of this gateway that is still good', async (method, path) => {
  const key = Buffer.from('x'.repeat(32));
  const sign = async (secret: Uint8Array, expires: string) =>
    new SignJWT({})
      .setProtectedHeader({ alg: 'HS256' })
      .setIssuer('reference-gateway')
      .setSubject('admin')
      .setExpirationTime(expires)
      .sign(secret);
  const unsigned = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"sub":"admin"}').toString('base64url')}.`;
  for (const token of ['', WORKER_TOKEN, unsigned, await sign(key, '1h')]) {
    const answer = await gateway.request(method, `/api/v1${path}`, undefined, { authorization: `Bearer ${token}` });
    expect(answer).toMatchObject({ status: 401, body: { success: false, code: 'UNAUTHORIZED' } });
  }
});

test('a token that was good and expired is refused by name', async () => {
  const { secret } = JSON.parse(await readFile(join(gateway.folder, 'state.json'), 'utf8')) as { secret: string };
  const token = await new SignJWT({})
    .setProtectedHeader({ alg: 'HS256' })
    .setIssuer('reference-gateway')
    .setSubject('admin')
    .setExpirationTime(1)
    .sign(Buffer.from(secret, 'base64url'));
  const answer = await gateway.request('GET', '/api/v1/workers', undefined, { authorization: `Bearer ${token}` });
  expect(answer).toMatchObject({ status: 401, body: { error: 'The access token has expired; log in again.' } });
});

test('the test of an endpoint says online with its time, or offline with the reason', async () => {
  const worker = await StandInWorker.start();
  const { status, body } = await gateway.admin('POST', '/workers/test', { endpoint: worker.endpoint });
  expect([status, body]).toEqual([
    200,
    {
      success: true,
      data: {
        endpoint: worker.endpoint,
        status: 'online',
        responseTime: expect.any(Number) as number,
        message: 'Worker is healthy and responding',
      },
    },
  ]);
  expect(worker.calls[0]?.headers.authorization).toBeUndefined();
  await worker.stop();
  const gone = await gateway.admin('POST', '/workers/test', { endpoint: worker.endpoint });
  expect(gone.body.data).toEqual({
    endpoint: worker.endpoint,
    status: 'offline',
    message: 'Worker does not respond: Connection failed: ECONNREFUSED',
  });
  expect((await gateway.admin('POST', '/workers/test', { endpoint: 'nonsense' })).status).toBe(400);
});

test('workers come and go: added by hand after a test, listed, counted, removed', async () => {
  const worker = await StandInWorker.start();
  const add = { endpoint: worker.endpoint, maxSessions: 20, description: 'External VPS worker' };
  expect(await gateway.admin('POST', '/workers', { ...add, endpoint: NOBODY })).toMatchObject({
    status: 503,
    body: { code: 'WORKER_UNREACHABLE' },
  });
  expect((await gateway.admin('POST', '/workers', { maxSessions: 20 })).status).toBe(400);
  expect((await gateway.admin('POST', '/workers', { ...add, maxSessions: -1 })).status).toBe(400);
  const added = await gateway.admin('POST', '/workers', add);
  const workerId = `worker-127-0-0-1-${new URL(worker.endpoint).port}`;
  expect(added).toMatchObject({
    status: 201,
    body: { success: true, message: 'Worker added successfully', data: { workerId, ...add, status: 'ONLINE', sessionCount: 3 } },
  });
  expect(await gateway.admin('POST', '/workers', add)).toMatchObject({ status: 409, body: { code: 'WORKER_CONFLICT' } });

  const { workers, total } = (await gateway.admin('GET', '/workers')).body.data as { workers: object[]; total: number };
  expect(total).toBe(1);
  expect(workers).toMatchObject([
    { workerId, endpoint: worker.endpoint, cpuUsage: 10, lastHeartbeat: null, registeredAt: ISO, loadScore: { capacity: 15 } },
  ]);
  expect((await gateway.admin('GET', '/workers/statistics')).body).toEqual({
    success: true,
    data: {
      totalWorkers: 1,
      onlineWorkers: 1,
      offlineWorkers: 0,
      totalSessions: 3,
      totalCapacity: 20,
      availableCapacity: 17,
      utilization: 15,
      averageCpuUsage: 10,
      averageMemoryUsage: 20,
      totalMessages: 0,
      sessionBreakdown: { total: 3, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0 },
    },
  });
  expect(await gateway.admin('DELETE', `/workers/${workerId}`)).toMatchObject({ status: 200, body: { success: true, data: { workerId } } });
  expect(await gateway.admin('DELETE', `/workers/${workerId}`)).toMatchObject({ status: 404, body: { code: 'WORKER_NOT_FOUND' } });
  await worker.stop();
});

test('a manual health check asks all workers at once and answers as the guide prints it', async () => {
  const well = await gateway.addWorker('worker-well');
  const gone = await gateway.addWorker('worker-gone');
  await gone.stop();
  const ill = await gateway.addWorker('worker-ill', ({ path }) => (path === '/health' ? { status: 500, body: {} } : undefined));
  const { status, body } = await gateway.admin('POST', '/workers/health-check');
  expect(status).toBe(200);
  expect(body).toEqual({
    success: true,
    data: {
      summary: { totalWorkers: 3, onlineWorkers: 1, offlineWorkers: 2, averageResponseTime: expect.any(Number) as number },
      results: [
        { workerId: 'worker-well', endpoint: well.endpoint, status: 'online', responseTime: expect.any(Number) as number, checkedAt: ISO },
        { workerId: 'worker-gone', endpoint: gone.endpoint, status: 'offline', error: 'Connection failed: ECONNREFUSED', checkedAt: ISO },
        { workerId: 'worker-ill', endpoint: ill.endpoint, status: 'offline', error: 'GET /health answered 500', checkedAt: ISO },
      ],
    },
  });
});

test('a worker that answers nothing is a connection timeout after five seconds, and holds nobody else up', async () => {
  const silent = await gateway.addWorker('worker-silent', async () => new Promise(() => undefined));
  const startedAt = performance.now();
  const { results } = (await gateway.admin('POST', '/workers/health-check')).body.data as {
    results: { workerId: string; error?: string }[];
  };
  expect(results.find(({ workerId }) => workerId === 'worker-silent')?.error).toBe('Connection timeout');
  // Nothing else would end such a call for minutes.
  expect(performance.now() - startedAt).toBeLessThan(60_000);
  await silent.stop();
});

test('health monitoring can be started, looked at and stopped', async () => {
  expect((await gateway.admin('GET', '/workers/health/status')).body.data).toMatchObject({ isRunning: false, status: 'inactive' });
  const started = await gateway.admin('POST', '/workers/health/start');
  expect(started.body).toMatchObject({ success: true, message: 'Health monitoring started successfully', data: { isRunning: true } });
  expect((await gateway.admin('POST', '/workers/health/start')).body.data).toMatchObject({ startedAt: started.body.data?.['startedAt'] });
  expect((await gateway.admin('GET', '/workers/health/status')).body.data).toMatchObject({
    isRunning: true,
    interval: 30_000,
    startedAt: ISO,
  });
  expect((await gateway.admin('POST', '/workers/health/stop')).body.data).toMatchObject({ isRunning: false, startedAt: null });
});

test('the statistics count every kind of request by its answer', async () => {
  await gateway.beat('worker-nobody');
  await gateway.request('POST', '/api/webhooks/session-status', {}, {});
  const { requests, total, since } = (await gateway.admin('GET', '/reports/statistics')).body.data ?? {};
  expect(requests).toMatchObject({ heartbeat: { 404: 1 }, 'session-status': { 401: 1 }, register: { 201: 4 } });
  expect(total).toBeGreaterThan(10);
  expect(since).toEqual(ISO);
});
