import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

let scene: Scene;
beforeAll(async () => {
  scene = await openScene();
});
afterAll(async () => {
  await scene.close();
});

const untilReason = async (sessionId: string, reason: string): Promise<Record<string, unknown>> => {
  let status: Record<string, unknown> = {};
  await until(
    async () => {
      status = await scene.worker.status(sessionId);
      return status['reason'] === reason;
    },
    60_000,
    () => `${sessionId} is ${JSON.stringify(status)}, not ${reason}`,
  );
  return status;
};

describe('pairing', () => {
  test('by code: the phone types it and the session is connected', async () => {
    await scene.worker.create('by-code');
    const { number } = await scene.phones.createPhone();
    const { code } = await scene.worker.call('POST', '/session/by-code/pairing-code', { phoneNumber: number });
    await scene.phones.enterCode(number, String(code).replaceAll('-', ''));
    const status = await scene.worker.untilStatus('by-code', 'connected');
    expect(status['phoneNumber']).toBe(`+${number}`);
  });

  test('by the raw QR text', async () => {
    await scene.worker.create('by-text');
    await scene.worker.connectForQr('by-text');
    const { qr } = await scene.worker.call('GET', '/session/by-text/qr');
    const { number } = await scene.phones.createPhone();
    await scene.phones.scan(number, String(qr));
    await scene.worker.untilStatus('by-text', 'connected');
  });

  test('a QR that nobody scans ends the attempt, and the next connect shows a new one', async () => {
    const ended = async (): Promise<number> =>
      (await scene.phones.connections()).connections.filter(({ closedAt }) => closedAt !== null).length;
    const before = await ended();
    await scene.phones.addFault({ kind: 'qr', refs: 1, lifetimeMs: 300, count: 1 });
    await scene.worker.create('unscanned');
    await scene.worker.connectForQr('unscanned');
    // Its status may show the next QR already.
    await until(
      async () => (await ended()) > before,
      60_000,
      () => 'the QR never expired',
    );
    expect(await scene.worker.connectForQr('unscanned')).toMatch(/^data:image\/png;base64,/);
  });

  test('a demand for a passkey is an error that says what to do', async () => {
    const { number } = await scene.phones.createPhone();
    await scene.phones.addFault({ kind: 'passkey', number, count: 1 });
    await scene.worker.create('passkey');
    await scene.phones.scan(number, await scene.worker.connectForQr('passkey'));
    const { status, message } = await untilReason('passkey', 'passkey_required');
    expect(status).toBe('error');
    expect(message).toContain('passkey');
    const answer = await scene.phones.scan(number, await scene.worker.connectForQr('passkey'));
    expect(answer).toBeDefined();
    await scene.worker.untilStatus('passkey', 'connected');
  });
});

describe('a connected session', () => {
  test('answers a further connect with connected', async () => {
    await pair(scene, 'twice');
    expect(await scene.worker.call('POST', '/session/twice/connect')).toMatchObject({ sessionId: 'twice', status: 'connected' });
  });

  test('that was unlinked on the phone asks for a new QR at the next connect', async () => {
    const { sessionId, number } = await pair(scene, 'unlinked');
    const [device] = (await scene.phones.phone(number)).devices;
    await scene.phones.unlink(number, device?.device ?? 0);
    expect((await untilReason(sessionId, 'logged_out'))['status']).toBe('disconnected');
    expect((await scene.worker.send(sessionId, `${number}`, 'x')).body.code).toBe('SESSION_LOGGED_OUT');
    const qr = await scene.worker.connectForQr(sessionId);
    await scene.phones.scan(number, qr);
    await scene.worker.untilStatus(sessionId, 'connected');
  });

  test('disconnects keeping its credentials, and connects again without QR', async () => {
    const { sessionId, number } = await pair(scene, 'resting');
    expect(await scene.worker.call('POST', `/session/${sessionId}/disconnect`)).toMatchObject({ status: 'disconnected' });
    await until(
      async () => (await scene.phones.phone(number)).devices.every(({ connected }) => !connected),
      60_000,
      () => 'the socket is still open',
    );
    expect((await scene.worker.send(sessionId, number, 'x')).body.code).toBe('SESSION_NOT_CONNECTED');
    expect(await scene.worker.call('POST', `/session/${sessionId}/connect`)).toMatchObject({ status: 'connected' });
    expect(await scene.worker.call('POST', `/session/${sessionId}/restart`)).toMatchObject({ status: 'connected' });
  });

  test('logs out: the phone no longer lists it', async () => {
    const { sessionId, number } = await pair(scene, 'leaving');
    expect(await scene.worker.call('POST', `/session/${sessionId}/logout`)).toMatchObject({
      status: 'disconnected',
      reason: 'logout_requested',
    });
    await until(
      async () => (await scene.phones.phone(number)).devices.length === 0,
      60_000,
      () => 'the phone still lists it',
    );
  });

  test('that is deleted leaves nothing behind for one of the same name', async () => {
    const { sessionId, number } = await pair(scene, 'reborn');
    const friend = await scene.phones.createPhone();
    await scene.worker.send(sessionId, friend.jid, 'old life', 'key');
    const gone = await scene.worker.request('DELETE', `/session/${sessionId}`);
    expect(gone.body).toEqual({ success: true, message: 'Session deleted successfully' });
    expect((await scene.worker.request('DELETE', `/session/${sessionId}`)).body.code).toBe('SESSION_NOT_FOUND');
    await scene.worker.create(sessionId);
    expect(await scene.worker.messages(sessionId)).toEqual([]);
    await scene.phones.scan(number, await scene.worker.connectForQr(sessionId));
    await scene.worker.untilStatus(sessionId, 'connected');
  });

  test.each([
    { code: 440, reason: 'replaced', status: 'disconnected' },
    { code: 503, reason: 'opened', status: 'connected' },
    { code: 500, reason: 'opened', status: 'connected' },
  ])('that is closed with $code ends as $reason', async ({ code, reason, status }) => {
    const { sessionId, number } = await pair(scene, `closed-${code}`);
    await scene.phones.closeConnections({ how: 'stream-error', code }, { number });
    if (status === 'connected')
      await until(
        async () => Number((await scene.worker.status(sessionId))['seq']) >= 7,
        60_000,
        () => 'it never closed',
      );
    expect((await untilReason(sessionId, reason))['status']).toBe(status);
  });

  test.each([
    { reason: 405, becomes: 'client_outdated' },
    { reason: 403, becomes: 'forbidden' },
  ])('whose login is refused with $reason is an error: $becomes', async ({ reason, becomes }) => {
    const { sessionId, number } = await pair(scene, `refused-${reason}`);
    await scene.phones.addFault({ kind: 'refuse-login', reason, target: { number }, count: 1 });
    await scene.phones.closeConnections({ how: 'destroy' }, { number });
    expect((await untilReason(sessionId, becomes))['status']).toBe('error');
    expect(await scene.worker.call('POST', `/session/${sessionId}/connect`)).toMatchObject({ status: 'connected' });
  });

  test('whose server answers 503 instead of a WebSocket tries again within seconds', async () => {
    const { sessionId, number } = await pair(scene, 'refused-http');
    await scene.phones.addFault({ kind: 'refuse-connect', status: 503, count: 2 });
    await scene.phones.closeConnections({ how: 'destroy' }, { number });
    await until(
      async () => (await scene.phones.faults()).every(({ kind }) => kind !== 'refuse-connect'),
      60_000,
      () => 'it does not try again',
    );
    await scene.worker.untilStatus(sessionId, 'connected', 60_000);
  });

  test('survives one 401 that was a mistake', async () => {
    const { sessionId, number } = await pair(scene, 'doubted');
    await scene.phones.addFault({ kind: 'refuse-login', reason: 401, target: { number }, count: 1 });
    await scene.phones.closeConnections({ how: 'destroy' }, { number });
    await until(
      async () => Number((await scene.worker.status(sessionId))['seq']) >= 7,
      60_000,
      () => 'it never closed',
    );
    await scene.worker.untilStatus(sessionId, 'connected');
  });

  test.each(['ciphertext', 'plaintext', 'node'] as const)(
    'that gets garbage (%s) recovers, and its neighbour notices nothing',
    async (form) => {
      const { number } = await pair(scene, `garbage-${form}`);
      const neighbour = await pair(scene, `neighbour-${form}`);
      const before = await scene.worker.status(neighbour.sessionId);
      const runner = await scene.worker.runnerPidOf(neighbour.sessionId);
      await scene.phones.sendGarbage(form, { number });
      const friend = await scene.phones.createPhone();
      const { status } = await scene.worker.send(`garbage-${form}`, friend.jid, 'after the garbage');
      expect(status).toBe(200);
      expect(await scene.worker.status(neighbour.sessionId)).toEqual(before);
      expect(await scene.worker.runnerPidOf(neighbour.sessionId)).toBe(runner);
    },
  );
});

test('a number that is not on WhatsApp is refused, and the session goes on', async () => {
  const { sessionId } = await pair(scene, 'caller');
  const friend = await scene.phones.createPhone();
  expect((await scene.worker.send(sessionId, '628999999999', 'x')).body).toMatchObject({
    code: 'RECIPIENT_NOT_ON_WHATSAPP',
    retryable: false,
  });
  expect((await scene.worker.send(sessionId, friend.jid, 'x')).status).toBe(200);
});

test('what a person writes on the phone itself is in history as their own', async () => {
  const { sessionId, number } = await pair(scene, 'own-phone');
  const friend = await scene.phones.createPhone();
  const id = await scene.phones.send(number, friend.number, 'from the phone');
  await until(
    async () => (await scene.worker.messages(sessionId)).length > 0,
    60_000,
    () => 'it never came',
  );
  expect(await scene.worker.messages(sessionId)).toMatchObject([{ id, fromMe: true, content: 'from the phone', to: friend.jid }]);
});

test('a recipient that cannot decrypt asks again and then shows the message once', async () => {
  const { sessionId, number } = await pair(scene, 'retried');
  const friend = await scene.phones.createPhone();
  await scene.worker.send(sessionId, friend.jid, 'first');
  await scene.phones.forgetSessions(friend.number);
  const { body } = await scene.worker.send(sessionId, friend.jid, 'second');
  await scene.phones.waitForShown(friend.number, String(body.data?.['messageId']));
  expect(number).toBeDefined();
});
