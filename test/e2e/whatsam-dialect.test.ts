// A built worker, a simulated WhatsApp, and a backend that records what a whatsam gateway would be told.
import { request } from 'node:http';
import { json } from 'node:stream/consumers';
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { startRecordingBackend, ROUTES, type RecordedRequest, type RecordingBackend } from '../support/recording-backend.js';
import { openScene, type Scene } from '../support/scene.js';
import { killWorkers, until } from '../support/worker-process.js';
import { RULES } from '../unit/backend/whatsam-rules.js';

const TOKEN = 'a-token-for-tests';
const MESSAGE_STATUS = 'POST /message-status';
const ASSIGNED = 'GET /sessions/assigned';
const OUTCOME = 'POST /sessions/recovery-status';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await killWorkers();
});

const open = async (): Promise<{ scene: Scene; backend: RecordingBackend }> => {
  const backend = await startRecordingBackend();
  onTestFinished(async () => backend.close());
  backend.answers(ROUTES.register, registered(false));
  scene = await openScene({
    env: {
      WORKER_ID: 'Worker_001',
      WORKER_AUTH_TOKEN: TOKEN,
      WORKER_HOST: '127.0.0.1',
      BACKEND_URL: backend.url,
      BACKEND_DIALECT: 'whatsam',
      HEARTBEAT_INTERVAL_MS: '1000',
    },
  });
  return { scene, backend };
};

const registered = (recoveryRequired: boolean) => ({
  status: 201,
  body: { success: true, data: { workerId: 'worker-001', recoveryRequired, assignedSessionCount: 2 } },
});

/** The first request of a route whose body fits. */
const seen = async (
  backend: RecordingBackend,
  route: Parameters<RecordingBackend['of']>[0],
  fits: (body: Record<string, unknown>) => boolean = () => true,
): Promise<RecordedRequest> => {
  const find = (): RecordedRequest | undefined => backend.of(route).find(({ body }) => fits(body));
  await until(
    () => find() !== undefined,
    60_000,
    () => `${route} had only ${JSON.stringify(backend.of(route).map(({ body }) => body))}`,
  );
  return find() ?? expect.unreachable();
};

const session = (body: Record<string, unknown>, sessionId: string): Record<string, unknown> | undefined =>
  (body['sessions'] as Record<string, unknown>[]).find((entry) => entry['sessionId'] === sessionId);

interface Started {
  body: Record<string, unknown>;
  /** When the first byte of the answer came: what is told later comes later, however late this process looks at both. */
  answeredAt: number;
}

const start = async ({ worker }: Scene, sessionId: string): Promise<Started> =>
  new Promise((resolve, reject) => {
    const outgoing = request(`${worker.baseUrl}/api/sessions/start`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', connection: 'close' },
    });
    outgoing.once('error', reject);
    outgoing.once('response', (response) => {
      const answeredAt = performance.now();
      json(response).then((body) => resolve({ body: body as Started['body'], answeredAt }), reject);
    });
    outgoing.end(JSON.stringify({ sessionId, userId: 'user123', sessionName: 'Phone' }));
  });

/** Starts a session and lets a new phone scan what the answer shows, or a report where the answer could not wait for it. */
const startAndScan = async (all: Scene, backend: RecordingBackend, sessionId: string): Promise<{ number: string; answeredAt: number }> => {
  const { body, answeredAt } = await start(all, sessionId);
  expect(body['status']).toMatch(/^(QR_REQUIRED|INIT)$/);
  const shows =
    body['status'] === 'QR_REQUIRED' ? body : (await seen(backend, ROUTES.webhook, ({ status }) => status === 'QR_REQUIRED')).body;
  const { number } = await all.phones.createPhone({ name: 'Alice' });
  await all.phones.scan(number, String(shows['qrCode']));
  return { number, answeredAt };
};

test('a session is started, scanned, reported, in the heartbeat, and sends, all as the gateway takes it', async () => {
  const { scene: all, backend } = await open();
  const registration = await seen(backend, ROUTES.register);
  expect(registration).toMatchObject({ path: '/api/workers/register', body: { workerId: 'worker_001', endpoint: all.worker.baseUrl } });
  expect((await seen(backend, ROUTES.heartbeat)).path).toBe('/api/workers/worker-001/heartbeat');

  const { number, answeredAt } = await startAndScan(all, backend, 'alice');
  const connected = await seen(backend, ROUTES.webhook, ({ status }) => status === 'CONNECTED');
  expect(connected.path).toBe('/api/webhooks/session-status');
  expect(connected.body).toMatchObject({ sessionId: 'alice', workerId: 'worker-001', phoneNumber: `+${number}`, displayName: 'Alice' });
  const reports = backend.of(ROUTES.webhook);
  expect(Math.min(...reports.map(({ arrivedAt }) => arrivedAt))).toBeGreaterThan(answeredAt);
  expect(reports.map(({ body }) => body['status'])).not.toContain('INIT');

  const beat = await seen(backend, ROUTES.heartbeat, (body) => session(body, 'alice')?.['status'] === 'CONNECTED');
  expect(session(beat.body, 'alice')).toMatchObject({ phoneNumber: `+${number}` });
  expect(beat.body['metrics']).toMatchObject({ totalSessions: 1, activeSessions: 1, sessions: { total: 1, connected: 1 } });

  const friend = await all.phones.createPhone();
  const sent = (await all.worker.request('POST', '/api/alice/send', { to: friend.number, type: 'text', message: 'hello' })).body;
  expect(sent).toMatchObject({ success: true, status: 'SENT', data: { messageId: sent['messageId'] } });
  await all.phones.waitForShown(friend.number, String(sent['messageId']));
  const fate = await seen(backend, MESSAGE_STATUS, ({ messageId }) => messageId === sent['messageId']);
  expect(fate.body).toMatchObject({ sessionId: 'alice', status: expect.stringMatching(/^(SENT|DELIVERED)$/) as string });

  await all.worker.request('POST', '/api/sessions/alice/disconnect');
  await seen(backend, ROUTES.webhook, ({ status }) => status === 'DISCONNECTED');

  const refused = [
    ...backend.of(ROUTES.register).map(({ body }) => RULES.register.safeParse(body).error),
    ...backend.of(ROUTES.heartbeat).map(({ body }) => RULES.heartbeat.safeParse(body).error),
    ...backend.of(ROUTES.webhook).map(({ body }) => RULES.report.safeParse(body).error),
    ...backend.of(MESSAGE_STATUS).map(({ body }) => RULES.messageStatus.safeParse(body).error),
  ].filter((error) => error !== undefined);
  expect(refused).toEqual([]);
});

test('a QR code is reported as a picture the phone can scan and the gateway can store', async () => {
  const { scene: all, backend } = await open();
  await all.worker.request('POST', '/api/sessions/start', { sessionId: 'bob' });
  const { body } = await seen(backend, ROUTES.webhook, ({ status }) => status === 'QR_REQUIRED');
  expect(RULES.report.safeParse(body).error).toBeUndefined();
  const { number } = await all.phones.createPhone();
  await all.phones.scan(number, String(body['qrCode']));
  await seen(backend, ROUTES.webhook, ({ status }) => status === 'CONNECTED');
});

test('after a restart the sessions that the gateway wants back are answered for one by one', async () => {
  const { scene: all, backend } = await open();
  await startAndScan(all, backend, 'alice');
  await all.worker.untilStatus('alice', 'connected');
  await all.worker.request('POST', '/api/sessions/start', { sessionId: 'unscanned' });
  await all.worker.stop();
  backend.answers(ROUTES.register, registered(true));
  backend.answers(ASSIGNED, {
    body: { success: true, data: { sessions: ['alice', 'unscanned', 'elsewhere'].map((sessionId) => ({ sessionId })) } },
  });
  await all.restartWorker();

  const { path, body } = await seen(backend, OUTCOME);
  expect(path).toBe('/api/workers/worker-001/sessions/recovery-status');
  expect(RULES.outcome.safeParse(body).error).toBeUndefined();
  expect(body).toMatchObject({
    totalSessions: 3,
    successfulRecoveries: 1,
    failedRecoveries: 1,
    recoveryResults: [
      { sessionId: 'alice', status: 'SUCCESS' },
      { sessionId: 'unscanned', status: 'SKIPPED' },
      { sessionId: 'elsewhere', status: 'FAILED' },
    ],
  });
});
