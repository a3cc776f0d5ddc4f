// What the other dialect does, fact by fact.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayFixture, registrationOf, StandInWorker, WORKER_TOKEN, type Behaviour } from './gateway-fixture.js';

let gateway: GatewayFixture;
let ahead = 0;
const open = async (): Promise<void> => {
  ahead = 0;
  gateway = await GatewayFixture.open({ dialect: 'whatsam', now: () => Date.now() + ahead });
};

describe('a worker', () => {
  beforeEach(open);
  afterEach(async () => gateway.close());

  test('is asked for its health before it is taken, and known by a name of small letters and hyphens', async () => {
    const worker = await StandInWorker.start();
    const { status, body } = await gateway.worker('POST', '/workers/register', registrationOf('My__Worker_01-', worker.endpoint));
    expect([status, body.data]).toEqual([
      201,
      {
        workerId: 'my-worker-01',
        endpoint: worker.endpoint,
        status: 'ONLINE',
        maxSessions: 50,
        version: '1.0.0',
        environment: 'PRODUCTION',
        registeredAt: expect.any(String) as string,
        recoveryRequired: false,
        assignedSessionCount: 0,
      },
    ]);
    expect(worker.calls).toMatchObject([{ method: 'GET', path: '/health' }]);
    expect(worker.calls[0]?.headers.authorization).toBeUndefined();
    expect((await gateway.worker('PUT', '/workers/My__Worker_01-/heartbeat', { sessions: [] })).status).toBe(200);
    await worker.stop();
  });

  test('that is ill or away is not taken', async () => {
    const ill = await StandInWorker.start(() => ({ status: 503, body: {} }));
    const answer = await gateway.worker('POST', '/workers/register', registrationOf('worker-ill', ill.endpoint));
    expect(answer).toMatchObject({ status: 503, body: { code: 'WORKER_UNREACHABLE' } });
    await ill.stop();
  });

  test('keeps its endpoint, and an endpoint its worker', async () => {
    const [one, other] = [await gateway.addWorker('worker-1'), await StandInWorker.start()];
    const register = async (id: string, endpoint: string) => gateway.worker('POST', '/workers/register', registrationOf(id, endpoint));
    expect(await register('worker-1', other.endpoint)).toMatchObject({ status: 409, body: { code: 'WORKER_CONFLICT' } });
    expect(await register('worker-2', one.endpoint)).toMatchObject({ status: 409, body: { code: 'WORKER_CONFLICT' } });
    expect((await register('WORKER_1', one.endpoint)).status).toBe(201);
    await other.stop();
  });

  test('learns at a restart what it had, and says how that went', async () => {
    const worker = await gateway.addWorker('worker-1');
    for (const sessionId of ['alice', 'bob', 'carol']) {
      await gateway.admin('POST', '/sessions', { name: `${sessionId}'s`, sessionId });
      await gateway.report({
        sessionId,
        status: sessionId === 'carol' ? 'DISCONNECTED' : 'CONNECTED',
        workerId: 'worker-1',
        phoneNumber: '+6281',
      });
    }
    const again = await gateway.worker('POST', '/workers/register', registrationOf('worker-1', worker.endpoint));
    expect(again.body.data).toMatchObject({ recoveryRequired: true, assignedSessionCount: 2 });
    expect((await gateway.worker('GET', '/workers/worker-1/sessions/assigned')).body.data).toMatchObject({
      workerId: 'worker-1',
      sessionCount: 2,
      sessions: [
        { sessionId: 'alice', userId: 'admin', sessionName: "alice's", status: 'CONNECTED', phoneNumber: '+6281' },
        { sessionId: 'bob' },
      ],
    });
    const answer = await gateway.worker('POST', '/workers/worker-1/sessions/recovery-status', {
      recoveryResults: [
        { sessionId: 'alice', status: 'SUCCESS', recoveredAt: '2024-01-15T10:30:00Z' },
        { sessionId: 'bob', status: 'FAILED', error: 'It is gone.' },
        { sessionId: 'nobody', status: 'SUCCESS' },
      ],
      ...{ totalSessions: 2, successfulRecoveries: 1, failedRecoveries: 1 },
    });
    expect(answer.body.data).toMatchObject({
      processedResults: [{ action: 'UPDATED_TO_CONNECTED' }, { action: 'UPDATED_TO_ERROR' }, { action: 'PROCESSING_FAILED' }],
    });
    expect(gateway.gateway.state.sessions.get('bob')?.status).toBe('error');
    expect((await gateway.worker('GET', '/workers/worker-9/sessions/assigned')).status).toBe(404);
  });

  test('tells its sessions with each heartbeat, and those that are its own follow', async () => {
    await gateway.addWorker('worker-1');
    await gateway.addWorker('worker-2');
    await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
    await gateway.report({ sessionId: 'alice', status: 'CONNECTED', workerId: 'worker-1' });
    const beat = async (workerId: string) =>
      gateway.worker('PUT', `/workers/${workerId}/heartbeat`, {
        sessions: [{ sessionId: 'alice', status: 'RECONNECTING', phoneNumber: '+6281' }],
        metrics: { cpuUsage: 12.5, memoryUsage: 20, uptime: 3, messageCount: 1 },
        capabilities: { maxSessions: 20, version: '1.2.0', environment: 'PRODUCTION' },
      });
    expect((await beat('worker-2')).body.data).toMatchObject({ sessionsProcessed: 1, sessionsSynced: 0 });
    expect(gateway.gateway.state.sessions.get('alice')?.status).toBe('connected');
    expect((await beat('worker-1')).body).toMatchObject({
      success: true,
      data: {
        workerId: 'worker-1',
        status: 'ONLINE',
        sessionCount: 1,
        sessionsSynced: 1,
        staleWorkersDetected: 0,
        metrics: { cpuUsage: 12.5 },
        capabilities: { maxSessions: 20 },
      },
    });
    expect(gateway.gateway.state.sessions.get('alice')).toMatchObject({ status: 'reconnecting', phoneNumber: '+6281' });
    expect(gateway.gateway.state.workers.get('worker-1')).toMatchObject({ maxSessions: 20, breakdown: { total: 1, reconnecting: 1 } });
  });

  test('that unregisters is forgotten with its assignments', async () => {
    const worker = await gateway.addWorker('worker-1');
    await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
    await gateway.report({ sessionId: 'alice', status: 'CONNECTED', workerId: 'worker-1' });
    const { status, body } = await gateway.worker('DELETE', '/workers/unregister', registrationOf('worker-1', worker.endpoint));
    expect([status, body.data?.['migratedSessions']]).toEqual([200, 1]);
    expect(gateway.gateway.state.sessions.get('alice')).toMatchObject({ workerId: null, status: 'disconnected' });
  });

  test('may make sixty webhooks a minute, all kinds together, and is told when to come back', async () => {
    const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
    const statuses = [];
    for (let round = 0; round < 31; round++) {
      statuses.push((await gateway.report({})).status);
      statuses.push((await gateway.request('POST', '/api/webhooks/message-status', {}, headers)).status);
    }
    expect(statuses.slice(0, 60).every((status) => status === 400)).toBe(true);
    expect(statuses.slice(60)).toEqual([429, 429]);
    const refused = await gateway.report({});
    const seconds = Number(refused.headers.get('retry-after'));
    expect([refused.body['code'], seconds > 0 && seconds <= 60]).toEqual(['RATE_LIMITED', true]);
    ahead += seconds * 1000;
    expect((await gateway.report({})).status).toBe(400);
  });
});

describe('a session', () => {
  beforeEach(open);
  afterEach(async () => gateway.close());

  const starting =
    (flat: Record<string, unknown>, status = 200): Behaviour =>
    ({ path }) =>
      path === '/health' ? undefined : { status, body: { success: status < 400, data: flat, ...flat } };
  const connect = async () => gateway.admin('POST', '/sessions/alice/connect');
  const create = async () => gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });

  test('is recorded first and gets its worker with the connect, which creates and connects in one', async () => {
    const worker = await gateway.addWorker('worker-1', starting({ status: 'QR_REQUIRED', qrCode: '2@raw' }));
    expect((await create()).body.data).toMatchObject({ status: 'DISCONNECTED', workerId: null });
    expect(worker.asked).toEqual([]);
    expect((await connect()).body.data).toMatchObject({ status: 'QR_REQUIRED', workerId: 'worker-1', qrCode: '2@raw' });
    expect(worker.calls.at(-1)).toMatchObject({
      method: 'POST',
      path: '/api/sessions/start',
      body: { sessionId: 'alice', userId: 'admin', sessionName: 'Alice' },
      headers: { 'content-type': 'application/json' },
    });
    expect((await gateway.admin('GET', '/sessions/alice/qr')).body.data).toMatchObject({ qrCode: '2@raw' });
  });

  test.each(['INIT', 'CONNECTED'])('refuses a connect while it is %s', async (status) => {
    await gateway.addWorker('worker-1', starting({ status }));
    await create();
    expect((await connect()).status).toBe(200);
    expect(await connect()).toMatchObject({ status: 409, body: { code: 'SESSION_ALREADY_CONNECTED' } });
    await gateway.report({ sessionId: 'alice', status: 'DISCONNECTED' });
    expect((await connect()).status).toBe(200);
  });

  test('whose worker answers with a status that does not exist is free again', async () => {
    await gateway.addWorker('worker-1', starting({ status: 'connecting' }));
    await create();
    expect(await connect()).toMatchObject({ status: 502, body: { code: 'WORKER_FAILED' } });
    expect(gateway.gateway.state.sessions.get('alice')).toMatchObject({ status: 'disconnected', workerId: null });
  });

  test('takes the answer to its start for the newest word, even when a report came before it', async () => {
    await gateway.addWorker('worker-1', async ({ path }) => {
      if (path === '/health') return undefined;
      await gateway.report({ sessionId: 'alice', status: 'CONNECTED' });
      return { status: 200, body: { success: true, status: 'INIT' } };
    });
    await create();
    expect((await connect()).status).toBe(200);
    expect(gateway.gateway.state.sessions.get('alice')?.status).toBe('init');
  });

  test('is sent through three times when the worker fails, and once when it refuses', async () => {
    let answer = { status: 500, body: { success: false, error: 'No.' } as object };
    const worker = await gateway.addWorker('worker-1', async (call) =>
      call.path.endsWith('/send') ? answer : starting({ status: 'QR_REQUIRED' })(call),
    );
    await create();
    await connect();
    const sends = () => worker.asked.filter((call) => call === 'POST /api/alice/send').length;
    const send = async () =>
      gateway.admin('POST', '/sessions/alice/send', { to: '62', type: 'text', message: 'Hi' }, { 'idempotency-key': 'k' });
    expect((await send()).status).toBe(500);
    expect(sends()).toBe(3);
    answer = { status: 409, body: { success: false, error: 'No.', code: 'SESSION_NOT_CONNECTED' } };
    expect((await send()).status).toBe(409);
    expect(sends()).toBe(4);
  });

  test('knows the messages that were sent through it', async () => {
    await gateway.addWorker('worker-1', async (call) =>
      call.path.endsWith('/send')
        ? { status: 200, body: { success: true, messageId: 'M1', status: 'sent' } }
        : starting({ status: 'QR_REQUIRED' })(call),
    );
    await create();
    await connect();
    await gateway.admin('POST', '/sessions/alice/send', { to: '62', type: 'text', message: 'Hi' });
    const report = { sessionId: 'alice', messageId: 'M1', status: 'DELIVERED', deliveredAt: '2024-01-15T10:30:00Z' };
    const headers = { authorization: `Bearer ${WORKER_TOKEN}` };
    expect((await gateway.request('POST', '/api/webhooks/message-status', report, headers)).status).toBe(200);
    const { reports } = (await gateway.admin('GET', '/sessions/alice/reports')).body.data ?? {};
    expect(reports).toMatchObject([{ kind: 'message-status', answer: 200 }]);
  });

  test('moves to the worker that reports it, wherever it was', async () => {
    await gateway.addWorker('worker-1', starting({ status: 'QR_REQUIRED' }));
    await gateway.addWorker('worker-2');
    await create();
    await gateway.report({ sessionId: 'alice', status: 'CONNECTED', workerId: 'Worker_1' });
    expect(gateway.gateway.state.sessions.get('alice')?.workerId).toBe('worker-1');
    await gateway.report({ sessionId: 'alice', status: 'CONNECTED', workerId: 'worker-2' });
    expect(gateway.gateway.state.sessions.get('alice')?.workerId).toBe('worker-2');
  });
});
