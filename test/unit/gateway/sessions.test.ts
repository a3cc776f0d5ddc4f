// The users' side in the guide's dialect: two-phase creation, assignment by score, and what is passed on to the worker.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayFixture, type Behaviour, type StandInWorker } from './gateway-fixture.js';

const PNG = 'data:image/png;base64,iVBORw0KGgo=';
const failing =
  (status: number, code: string): Behaviour =>
  ({ path }) =>
    path === '/session/create' ? { status, body: { success: false, error: 'No.', code } } : undefined;

let gateway: GatewayFixture;
beforeEach(async () => {
  gateway = await GatewayFixture.open();
});
afterEach(async () => gateway.close());

const create = async (sessionId: string) => gateway.admin('POST', '/sessions', { name: 'Personal WhatsApp', sessionId });
const workerOf = (sessionId: string) => gateway.gateway.state.sessions.get(sessionId)?.workerId;

describe('a new session', () => {
  test('is recorded and created at the worker, with the token of the workers', async () => {
    const worker = await gateway.addWorker('worker-a');
    const { status, body } = await create('alice');
    expect(status).toBe(201);
    expect(body.data).toMatchObject({ sessionId: 'alice', name: 'Personal WhatsApp', status: 'disconnected', workerId: 'worker-a' });
    expect(worker.asked).toEqual(['POST /session/create']);
    expect(worker.calls[0]).toMatchObject({
      body: { sessionId: 'alice', userId: 'admin', sessionName: 'Personal WhatsApp' },
      headers: { authorization: 'Bearer worker-token-of-the-tests', 'content-type': 'application/json' },
    });
    expect(await create('alice')).toMatchObject({ status: 409, body: { code: 'SESSION_ALREADY_EXISTS' } });
    expect((await gateway.admin('GET', '/sessions')).body.data).toMatchObject({ total: 1, sessions: [{ sessionId: 'alice' }] });
  });

  test('gets an id from its name, and another one when that is taken', async () => {
    await gateway.addWorker('worker-a');
    const ids = [];
    for (let round = 0; round < 2; round++)
      ids.push((await gateway.admin('POST', '/sessions', { name: 'Ünser Büro!' })).body.data?.['sessionId']);
    expect(ids).toEqual(['nser-b-ro', expect.stringMatching(/^nser-b-ro-[0-9a-f]{12}$/)]);
  });

  test.each([
    ['no name', {}],
    ['an empty name', { name: ' ' }],
    ['an id with a slash', { name: 'A', sessionId: 'a/b' }],
  ])('is refused with %s', async (_name, body) => {
    expect(await gateway.admin('POST', '/sessions', body)).toMatchObject({ status: 400, body: { code: 'INVALID_REQUEST' } });
  });

  test('goes to the worker with the lowest score', async () => {
    await gateway.addWorker('worker-busy');
    await gateway.addWorker('worker-calm');
    await gateway.addWorker('worker-ill');
    await gateway.addWorker('worker-full');
    await gateway.beat('worker-busy', { total: 20, connected: 20 });
    await gateway.beat('worker-calm', { total: 10, connected: 10 });
    await gateway.beat('worker-ill', { total: 5, error: 5 });
    await gateway.beat('worker-full', { total: 50, connected: 50 });
    await create('alice');
    expect(workerOf('alice')).toBe('worker-calm');
    await gateway.beat('worker-calm', { total: 10, connected: 10 }, { cpuUsage: 100, memoryUsage: 100 });
    await create('bob');
    expect(workerOf('bob')).toBe('worker-ill');
  });

  test('is counted at once, so that sessions that come together spread over the workers', async () => {
    await gateway.addWorker('worker-a');
    await gateway.addWorker('worker-b');
    await Promise.all(Array.from({ length: 10 }, async (_, at) => create(`session-${at}`)));
    const places = Array.from({ length: 10 }, (_, at) => workerOf(`session-${at}`));
    expect(places.filter((place) => place === 'worker-a')).toHaveLength(5);
  });

  test('goes to the next best worker when the best is full, refuses or is gone', async () => {
    const full = await gateway.addWorker('worker-1', failing(503, 'AT_CAPACITY'));
    const taken = await gateway.addWorker('worker-2', failing(409, 'SESSION_ALREADY_EXISTS'));
    await (await gateway.addWorker('worker-3')).stop();
    await gateway.addWorker('worker-4');
    for (const [at, id] of ['worker-1', 'worker-2', 'worker-3', 'worker-4'].entries()) await gateway.beat(id, { total: at * 5 });
    expect((await create('alice')).body.data).toMatchObject({ workerId: 'worker-4' });
    expect([full.asked.length, taken.asked.length]).toEqual([1, 1]);
  });

  test('that no worker takes leaves nothing behind', async () => {
    expect(await create('alice')).toMatchObject({ status: 503, body: { code: 'NO_WORKER_AVAILABLE', details: { tried: [] } } });
    await gateway.addWorker('worker-1', failing(503, 'AT_CAPACITY'));
    const answer = await create('alice');
    expect(answer.body).toMatchObject({ details: { tried: [{ workerId: 'worker-1', error: 'The worker answered 503: No.' }] } });
    expect(answer.headers.get('retry-after')).toBe('5');
    expect(gateway.gateway.state.sessions.size).toBe(0);
  });

  test('that a worker refuses for what it is, is not tried elsewhere', async () => {
    const one = await gateway.addWorker('worker-1', failing(400, 'INVALID_REQUEST'));
    const other = await gateway.addWorker('worker-2', failing(400, 'INVALID_REQUEST'));
    expect(await create('alice')).toMatchObject({ status: 502, body: { code: 'WORKER_FAILED', details: { status: 400 } } });
    expect(one.asked.length + other.asked.length).toBe(1);
  });
});

describe('a session at its worker', () => {
  let worker: StandInWorker;
  let answers: Record<string, { status: number; body: unknown }>;
  const ok = (data: unknown) => ({ status: 200, body: { success: true, data } });
  const no = (status: number, code: string) => ({ status, body: { success: false, error: 'No.', code } });

  beforeEach(async () => {
    answers = {};
    worker = await gateway.addWorker('worker-a', ({ method, path }) => answers[`${method} ${path}`]);
    await create('alice');
    worker.calls.length = 0;
  });

  test('is connected there, and the answer is what the worker says', async () => {
    answers['POST /session/alice/connect'] = ok({ sessionId: 'alice', status: 'qr_required', qrCode: PNG, attempt: 1 });
    const { status, body } = await gateway.admin('POST', '/sessions/alice/connect');
    expect([status, body.data]).toEqual([
      200,
      { sessionId: 'alice', status: 'qr_required', qrCode: PNG, attempt: 1, workerId: 'worker-a' },
    ]);
    expect((await gateway.admin('GET', '/sessions/alice/qr')).body.data).toMatchObject({ status: 'qr_required', qrCode: PNG });
    expect(worker.asked).toEqual(['POST /session/alice/connect']);
  });

  test('keeps what was reported while the answer was on its way', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const slow = await gateway.addWorker('worker-b', async ({ path }) => {
      if (!path.endsWith('/connect')) return undefined;
      await held;
      return ok({ status: 'qr_required', qrCode: PNG });
    });
    await gateway.beat('worker-a', { total: 49 });
    await create('bob');
    const connecting = gateway.admin('POST', '/sessions/bob/connect');
    await expect.poll(() => slow.asked).toContain('POST /session/bob/connect');
    await gateway.report({ sessionId: 'bob', status: 'connected' });
    release();
    expect((await connecting).status).toBe(200);
    expect(gateway.gateway.state.sessions.get('bob')?.status).toBe('connected');
  });

  test('is created anew there when the worker lost it', async () => {
    answers['POST /session/alice/connect'] = no(404, 'SESSION_NOT_FOUND');
    expect((await gateway.admin('POST', '/sessions/alice/connect')).status).toBe(404);
    expect(worker.asked).toEqual(['POST /session/alice/connect', 'POST /session/create', 'POST /session/alice/connect']);
  });

  test('has the QR code the worker shows now when none was reported', async () => {
    expect((await gateway.admin('GET', '/sessions/alice/qr')).status).toBe(409);
    answers['GET /session/alice/qr?format=json'] = ok({ qrCode: PNG });
    expect((await gateway.admin('GET', '/sessions/alice/qr')).body.data).toMatchObject({ qrCode: PNG, source: 'worker' });
  });

  test('has the status the worker says, and the reported one while the worker is away', async () => {
    answers['GET /session/alice/status'] = ok({ sessionId: 'alice', status: 'connected', phoneNumber: '+62812', lastActivity: 'now' });
    const live = (await gateway.admin('GET', '/sessions/alice/status')).body.data;
    expect(live).toMatchObject({
      status: 'connected',
      reportedStatus: 'disconnected',
      phoneNumber: '+62812',
      live: true,
      workerStatus: 'ONLINE',
    });
    await worker.stop();
    const told = (await gateway.admin('GET', '/sessions/alice/status')).body.data;
    expect(told).toMatchObject({ status: 'disconnected', live: false, workerId: 'worker-a' });
  });

  test('sends with the key of the user, and the answer comes back as it is, failures too', async () => {
    const message = { to: '6281234567890@s.whatsapp.net', type: 'text', message: 'Hello World!' };
    answers['POST /session/alice/send'] = ok({ messageId: 'msg_12345', status: 'sent', timestamp: '2024-01-15T10:30:00Z' });
    const { body } = await gateway.admin('POST', '/sessions/alice/send', message, { 'idempotency-key': 'order-1042' });
    expect(body).toEqual({ success: true, data: { messageId: 'msg_12345', status: 'sent', timestamp: '2024-01-15T10:30:00Z' } });
    expect(worker.calls[0]).toMatchObject({ body: message, headers: { 'idempotency-key': 'order-1042' } });
    await gateway.admin('POST', '/sessions/alice/send', message);
    expect(worker.calls[1]?.headers['idempotency-key']).toBeUndefined();

    answers['POST /session/alice/send'] = {
      status: 504,
      body: { success: false, error: 'Not yet.', code: 'DEADLINE_EXCEEDED', retryable: true },
    };
    const late = await gateway.admin('POST', '/sessions/alice/send', message);
    expect([late.status, late.body]).toEqual([504, { success: false, error: 'Not yet.', code: 'DEADLINE_EXCEEDED', retryable: true }]);
    expect(worker.calls).toHaveLength(3);
  });

  test('takes a send with media of some megabytes, and no more', async () => {
    const media = (megabytes: number) => ({ to: '62', type: 'image', media: 'x'.repeat(megabytes * 1024 * 1024) });
    expect((await gateway.admin('POST', '/sessions/alice/send', media(8))).status).toBe(200);
    expect((await gateway.admin('POST', '/sessions/alice/send', media(11))).status).toBe(413);
  });

  test('has its history with the paging of the user', async () => {
    answers['GET /session/alice/messages?limit=2&offset=4'] = ok({ messages: [], pagination: { total: 4, limit: 2, offset: 4 } });
    const { body } = await gateway.admin('GET', '/sessions/alice/messages?limit=2&offset=4');
    expect(body.data).toEqual({ messages: [], pagination: { total: 4, limit: 2, offset: 4 } });
  });

  test('is deleted there first; a worker that does not know it has nothing to delete', async () => {
    answers['DELETE /session/alice'] = no(503, 'STORAGE_UNAVAILABLE');
    expect((await gateway.admin('DELETE', '/sessions/alice')).status).toBe(503);
    expect(gateway.gateway.state.sessions.has('alice')).toBe(true);
    answers['DELETE /session/alice'] = no(404, 'SESSION_NOT_FOUND');
    const { status, body } = await gateway.admin('DELETE', '/sessions/alice');
    expect([status, body]).toEqual([200, { success: true, message: 'Session deleted successfully' }]);
    expect(await gateway.admin('GET', '/sessions/alice/status')).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } });
  });

  test('says what is wrong with its worker: gone, refusing the token, or talking nonsense', async () => {
    answers['POST /session/alice/send'] = no(401, 'UNAUTHORIZED');
    expect(await gateway.admin('POST', '/sessions/alice/send', {})).toMatchObject({ status: 502, body: { code: 'WORKER_FAILED' } });
    answers['POST /session/alice/send'] = { status: 200, body: 'hello' };
    expect(await gateway.admin('POST', '/sessions/alice/send', {})).toMatchObject({ status: 502, body: { code: 'WORKER_FAILED' } });
    await worker.stop();
    expect(await gateway.admin('POST', '/sessions/alice/send', {})).toMatchObject({ status: 503, body: { code: 'WORKER_UNREACHABLE' } });
  });

  test('is assigned to the best worker at its next connect when its own was removed', async () => {
    await gateway.admin('DELETE', '/workers/worker-a');
    expect(await gateway.admin('POST', '/sessions/alice/send', {})).toMatchObject({ status: 409, body: { code: 'SESSION_NOT_ASSIGNED' } });
    const holder = await gateway.addWorker('worker-b', failing(409, 'SESSION_ALREADY_EXISTS'));
    const [one, two] = await Promise.all([1, 2].map(async () => gateway.admin('POST', '/sessions/alice/connect')));
    expect([one?.status, two?.status]).toEqual([200, 200]);
    // It holds the session from before, and is asked for a place once for both.
    expect(holder.asked.toSorted()).toEqual(['POST /session/alice/connect', 'POST /session/alice/connect', 'POST /session/create']);
    expect(workerOf('alice')).toBe('worker-b');
  });
});
