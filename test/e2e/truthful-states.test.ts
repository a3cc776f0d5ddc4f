import { afterAll, beforeAll, expect, test } from 'vitest';
import { REASONS, type Reason } from '../../shared/domain/session.js';
import { ROUTES, startRecordingBackend, type RecordingBackend } from '../support/recording-backend.js';
import { openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

let scene: Scene;
let backend: RecordingBackend;
beforeAll(async () => {
  backend = await startRecordingBackend();
  scene = await openScene({ env: { BACKEND_URL: backend.url, WORKER_AUTH_TOKEN: 'secret', WORKER_ENDPOINT: 'http://127.0.0.1:1' } });
}, 120_000);
afterAll(async () => {
  await scene.close();
  await backend.close();
});

interface Provoked {
  reason: Reason;
  status: string;
  provoke: (number: string) => Promise<void>;
}

/** Loses its connection, and its next login is refused so often. */
const refuseLogin =
  (reason: number, count: number) =>
  async (number: string): Promise<void> => {
    await scene.phones.addFault({ kind: 'refuse-login', reason, target: { number }, count });
    await scene.phones.closeConnections({ how: 'destroy' }, { number });
  };

const TROUBLES: Provoked[] = [
  { reason: 'forbidden', status: 'error', provoke: refuseLogin(403, 1) },
  { reason: 'client_outdated', status: 'error', provoke: refuseLogin(405, 1) },
  {
    reason: 'logged_out',
    status: 'disconnected',
    provoke: async (number) => {
      const [device] = (await scene.phones.phone(number)).devices;
      await scene.phones.unlink(number, device?.device ?? 0);
    },
  },
  {
    reason: 'replaced',
    status: 'disconnected',
    provoke: async (number) => void (await scene.phones.closeConnections({ how: 'stream-error', code: 440 }, { number })),
  },
  { reason: 'reach_out_limited', status: 'connected', provoke: async (number) => scene.phones.restrict(number, 3_600) },
];

/** What status, events and reports say of a session, once all of them say it. */
const saidOf = async (sessionId: string, reason: Reason): Promise<Record<string, unknown>[]> => {
  let said: (Record<string, unknown> | undefined)[] = [];
  await until(
    async () => {
      const { events } = await scene.worker.call('GET', `/session/${sessionId}/events?after=0&limit=500`);
      said = [
        await scene.worker.status(sessionId),
        (events as Record<string, unknown>[]).find((event) => event['type'] === 'session' && event['reason'] === reason),
        backend.of(ROUTES.webhook).find(({ body }) => body['sessionId'] === sessionId && body['reason'] === reason)?.body,
      ];
      return said.every((one) => one?.['reason'] === reason);
    },
    60_000,
    () => `not everybody says ${reason}: ${JSON.stringify(said)}`,
  );
  return said as Record<string, unknown>[];
};

test.each(TROUBLES)('$reason is what status, event and report say, with what to do', async ({ reason, status, provoke }) => {
  const sessionId = reason.replaceAll('_', '-');
  const { number } = await pair(scene, sessionId);
  await provoke(number);
  for (const said of await saidOf(sessionId, reason)) expect(said).toMatchObject({ reason, status, message: REASONS[reason] });
});

test('passkey_required is what status, event and report say, with what to do', async () => {
  const { number } = await scene.phones.createPhone();
  await scene.phones.addFault({ kind: 'passkey', number, count: 1 });
  await scene.worker.create('passkey');
  await scene.phones.scan(number, await scene.worker.connectForQr('passkey'));
  for (const said of await saidOf('passkey', 'passkey_required')) {
    expect(said).toMatchObject({ status: 'error', message: REASONS.passkey_required });
  }
});

test('a restricted account writes to people who wrote to it and to nobody else, until WhatsApp lifts it', async () => {
  const { sessionId, number } = await pair(scene, 'restricted');
  const [known, stranger] = [await scene.phones.createPhone(), await scene.phones.createPhone()];
  const id = await scene.phones.send(known.number, number, 'hello');
  await until(
    async () => (await scene.worker.messages(sessionId)).some((message) => message['id'] === id),
    60_000,
    () => 'it never came',
  );
  await scene.phones.restrict(number, 3_600);
  await saidOf(sessionId, 'reach_out_limited');
  const { restricted } = await scene.worker.status(sessionId);
  expect(restricted).toMatchObject({ kind: 'reach_out', told: true });
  const refused = await scene.worker.send(sessionId, stranger.jid, 'hello stranger', 'key');
  expect([refused.status, refused.body.code]).toEqual([429, 'REACH_OUT_LIMITED']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(3_000);
  expect((await scene.worker.send(sessionId, known.jid, 'hello back')).status).toBe(200);
  await scene.phones.restrict(number, 0);
  await saidOf(sessionId, 'reach_out_lifted');
  expect((await scene.worker.status(sessionId))['restricted']).toBeUndefined();
  expect((await scene.worker.send(sessionId, stranger.jid, 'hello stranger', 'key')).status).toBe(200);
});

test('a refusal that nobody announced restricts the account until a message is taken again', async () => {
  const { sessionId, number } = await pair(scene, 'refused');
  const stranger = await scene.phones.createPhone();
  await scene.phones.addFault({ kind: 'refuse-message', error: 463, target: { number }, count: 1 });
  const refused = await scene.worker.send(sessionId, stranger.jid, 'hello', 'key');
  expect([refused.status, refused.body.code]).toEqual([429, 'REACH_OUT_LIMITED']);
  await saidOf(sessionId, 'reach_out_limited');
  expect((await scene.worker.status(sessionId))['restricted']).toMatchObject({ kind: 'reach_out', told: false });
  expect((await scene.worker.send(sessionId, stranger.jid, 'hello', 'key')).body.code).toBe('REACH_OUT_LIMITED');
});
