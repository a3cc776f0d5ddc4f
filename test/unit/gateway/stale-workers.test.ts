import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GatewayFixture, heartbeatOf } from './gateway-fixture.js';

const STALE_MS = 120_000;
const PNG = 'data:image/png;base64,iVBORw0KGgo=';

let gateway: GatewayFixture;
/** How far the gateway's clock is ahead. */
let ahead = 0;
const now = () => Date.now() + ahead;
beforeEach(() => {
  ahead = 0;
});
afterEach(async () => gateway.close());

const session = () => gateway.gateway.state.sessions.get('alice');
const statusOf = (workerId: string) => gateway.gateway.state.workers.get(workerId)?.status;
/** Lets the time pass and somebody ask. */
const after = async (ms: number): Promise<void> => {
  ahead += ms;
  await gateway.request('GET', '/health');
};

describe.each(['guide', 'whatsam'] as const)('in the dialect %s', (dialect) => {
  const spell = (status: string) => (dialect === 'guide' ? status : status.toUpperCase());
  const beat = async () =>
    gateway.worker('PUT', '/workers/worker-a/heartbeat', dialect === 'guide' ? heartbeatOf() : { sessions: [], metrics: {} });
  const report = async () => gateway.report({ sessionId: 'alice', status: spell('connected'), workerId: 'worker-a' });

  beforeEach(async () => {
    gateway = await GatewayFixture.open({ dialect, now });
    await gateway.addWorker('worker-a', ({ path }) =>
      path === '/health' ? undefined : { status: 200, body: { success: true, status: 'QR_REQUIRED', data: { status: 'qr_required' } } },
    );
    await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
    await gateway.admin('POST', '/sessions/alice/connect');
    await report();
  });

  test('a silent worker is offline, its sessions are free; a heartbeat and a report bring both back', async () => {
    await after(STALE_MS - 20_000);
    expect([statusOf('worker-a'), session()?.workerId, session()?.status]).toEqual(['ONLINE', 'worker-a', 'connected']);
    await after(20_000);
    expect([statusOf('worker-a'), session()?.workerId, session()?.status]).toEqual(['OFFLINE', null, 'disconnected']);
    expect(await gateway.admin('POST', '/sessions/alice/connect')).toMatchObject({ status: 503, body: { code: 'NO_WORKER_AVAILABLE' } });

    expect((await beat()).body.data).toMatchObject({ workerId: 'worker-a', status: 'ONLINE' });
    expect([statusOf('worker-a'), session()?.workerId]).toEqual(['ONLINE', null]);
    await report();
    expect([session()?.workerId, session()?.status]).toEqual(['worker-a', 'connected']);
  });

  test('a worker that beats in time stays, and reports alone do not keep it', async () => {
    for (let round = 0; round < 5; round++) {
      await after(STALE_MS / 2);
      await beat();
    }
    expect([statusOf('worker-a'), session()?.workerId]).toEqual(['ONLINE', 'worker-a']);
    for (let round = 0; round < 3; round++) {
      await report();
      await after(STALE_MS / 2);
    }
    expect(statusOf('worker-a')).toBe('OFFLINE');
  });

  test('a session that comes back by a report alone is freed again when no heartbeat follows', async () => {
    await after(STALE_MS);
    await report();
    await after(STALE_MS - 20_000);
    expect([statusOf('worker-a'), session()?.workerId]).toEqual(['OFFLINE', 'worker-a']);
    await after(20_000);
    expect(session()?.workerId).toBeNull();
  });
});

test('a silent worker goes offline by itself, with nobody asking', async () => {
  gateway = await GatewayFixture.open({ staleMs: 200 });
  await gateway.addWorker('worker-a');
  await expect.poll(() => statusOf('worker-a')).toBe('OFFLINE');
});

test('a QR code is forgotten with the worker that showed it', async () => {
  gateway = await GatewayFixture.open({ now });
  await gateway.addWorker('worker-a');
  await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
  await gateway.report({ sessionId: 'alice', status: 'qr_required', qrCode: PNG });
  await after(STALE_MS);
  expect(await gateway.admin('GET', '/sessions/alice/qr')).toMatchObject({ status: 409, body: { code: 'QR_NOT_AVAILABLE' } });
});

test('a QR code that was told long ago is asked for anew', async () => {
  gateway = await GatewayFixture.open({ now });
  const worker = await gateway.addWorker('worker-a');
  await gateway.admin('POST', '/sessions', { name: 'Alice', sessionId: 'alice' });
  await gateway.report({ sessionId: 'alice', status: 'qr_required', qrCode: PNG });
  expect((await gateway.admin('GET', '/sessions/alice/qr')).body.data).toMatchObject({ qrCode: PNG, source: 'report' });
  await after(60_000);
  expect((await gateway.admin('GET', '/sessions/alice/qr')).status).toBe(409);
  expect(worker.asked).toContain('GET /session/alice/qr?format=json');
});

test('a worker that was added by hand lives by its health checks until its first heartbeat', async () => {
  gateway = await GatewayFixture.open({ now });
  const worker = await gateway.addWorker('worker-a');
  await gateway.admin('DELETE', '/workers/worker-a');
  const workerId = String((await gateway.admin('POST', '/workers', { endpoint: worker.endpoint })).body.data?.['workerId']);
  const checkLater = async (): Promise<void> => {
    await after(STALE_MS - 20_000);
    await gateway.admin('POST', '/workers/health-check');
  };
  await checkLater();
  await checkLater();
  expect(statusOf(workerId)).toBe('ONLINE');
  await gateway.beat(workerId);
  await checkLater();
  await checkLater();
  expect(statusOf(workerId)).toBe('OFFLINE');
});

test('monitoring that is switched on at the start checks again and again', async () => {
  gateway = await GatewayFixture.open({ healthIntervalMs: 20 });
  const worker = await gateway.addWorker('worker-a');
  await expect.poll(() => worker.calls.length).toBeGreaterThan(2);
});

test('a gateway that was away blames no worker for it', async () => {
  gateway = await GatewayFixture.open({ now });
  await gateway.addWorker('worker-a');
  await gateway.gateway.stop();
  ahead += 10 * STALE_MS;
  await gateway.restart();
  await gateway.request('GET', '/health');
  expect(statusOf('worker-a')).toBe('ONLINE');
  await after(STALE_MS);
  expect(statusOf('worker-a')).toBe('OFFLINE');
});

test('an access token ends twelve hours after the login', async () => {
  gateway = await GatewayFixture.open({ now });
  ahead += 12 * 3_600_000 - 60_000;
  expect((await gateway.admin('GET', '/workers')).status).toBe(200);
  ahead += 120_000;
  expect(await gateway.admin('GET', '/workers')).toMatchObject({
    status: 401,
    body: { error: 'The access token has expired; log in again.' },
  });
});
