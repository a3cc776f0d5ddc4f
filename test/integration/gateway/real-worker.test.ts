// The gateway in front of a built worker that finds it by its address, in both dialects.
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openScene, type Scene } from '../../support/scene.js';
import { until } from '../../support/worker-process.js';
import { GatewayFixture, WORKER_TOKEN } from '../../unit/gateway/gateway-fixture.js';

describe.each(['guide', 'whatsam'] as const)('in the dialect %s', (dialect) => {
  let gateway: GatewayFixture;
  let scene: Scene;
  beforeEach(async () => {
    gateway = await GatewayFixture.open({ dialect });
    const env = { WORKER_ID: 'worker-real', BACKEND_URL: gateway.gateway.url, BACKEND_DIALECT: dialect, HEARTBEAT_INTERVAL_MS: '1000' };
    scene = await openScene({ env: { WORKER_AUTH_TOKEN: WORKER_TOKEN, ...env } });
  });
  afterEach(async () => {
    await scene.close();
    await gateway.close();
  });

  const statusIn = async (path: string): Promise<string> => String((await gateway.admin('GET', path)).body.data?.['status']).toLowerCase();
  const record = () => gateway.gateway.state.sessions.get('alice');

  test('a session is created in two phases, paired by polling, reported, used and deleted through the gateway', async () => {
    await until(
      () => gateway.gateway.state.workers.get('worker-real')?.lastHeartbeat !== undefined,
      60_000,
      () => 'the worker did not register and send a heartbeat',
    );
    const created = await gateway.admin('POST', '/sessions', { name: 'Alice on her phone', sessionId: 'alice' });
    expect(created).toMatchObject({ status: 201, body: { data: { sessionId: 'alice' } } });
    expect((await gateway.admin('POST', '/sessions/alice/connect')).status).toBe(200);
    expect(await scene.worker.status('alice')).toMatchObject({ userId: 'admin', sessionName: 'Alice on her phone' });

    let qrCode: unknown;
    await until(
      async () => {
        qrCode = (await gateway.admin('GET', '/sessions/alice/qr')).body.data?.['qrCode'];
        return qrCode !== undefined;
      },
      60_000,
      () => 'there was no QR code to scan',
    );
    const { number } = await scene.phones.createPhone({ name: 'Alice' });
    const other = await scene.phones.createPhone({ name: 'Bob' });
    await scene.phones.scan(number, String(qrCode));
    await until(
      () => record()?.status === 'connected',
      60_000,
      () => `the gateway did not hear of the connection: ${JSON.stringify(gateway.gateway.state.reports('alice'))}`,
    );
    expect(record()).toMatchObject({ workerId: 'worker-real', phoneNumber: `+${number}` });
    expect(await statusIn('/sessions/alice/status')).toBe('connected');

    const message = { to: other.number, type: 'text', message: 'Hello World!' };
    const send = async () => (await gateway.admin('POST', '/sessions/alice/send', message, { 'idempotency-key': 'order-1042' })).body;
    const [first, repeated] = [await send(), await send()];
    expect(first).toMatchObject({ success: true, data: { messageId: expect.any(String) as string } });
    expect(repeated.data?.['messageId']).toBe(first.data?.['messageId']);
    const { messages, pagination } = (await gateway.admin('GET', '/sessions/alice/messages?limit=5')).body.data ?? {};
    expect(messages).toMatchObject([{ id: first.data?.['messageId'], content: 'Hello World!' }]);
    expect(pagination).toEqual({ total: 1, limit: 5, offset: 0 });

    expect((await gateway.admin('DELETE', '/sessions/alice')).body).toEqual({ success: true, message: 'Session deleted successfully' });
    expect((await scene.worker.request('GET', '/session/alice/status')).status).toBe(404);
    const refused = gateway.gateway.state.reports('alice').filter(({ answer }) => answer === 400);
    expect(refused).toEqual([]);
  });
});
