import { afterEach, expect, test } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { killWorkers, until, type Answer } from '../support/worker-process.js';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await killWorkers();
});

const ASYNC = { prefer: 'respond-async' };
const enqueue = async ({ worker }: Scene, sessionId: string, to: string, message: string): Promise<Answer> =>
  worker.request('POST', `/session/${sessionId}/send`, { to, type: 'text', message }, { ...ASYNC, 'idempotency-key': message });

const shownOn = async ({ phones }: Scene, number: string): Promise<(string | null)[]> =>
  (await phones.shown(number)).filter(({ fromMe }) => !fromMe).map(({ text }) => text);

const outcomesOf = async ({ worker }: Scene, sessionId: string): Promise<Map<string, Record<string, unknown>>> => {
  const { events } = await worker.call('GET', `/session/${sessionId}/events?after=0&limit=500`);
  const told = (events as Record<string, unknown>[]).filter(({ type }) => type === 'message.status');
  return new Map(told.map((event) => [String(event['messageId']), event]));
};

const openPaired = async (env: Record<string, string>): Promise<{ open: Scene; alice: PairedSession; friend: string }> => {
  const open = await openScene({ env });
  scene = open;
  const alice = await pair(open, 'alice');
  return { open, alice, friend: (await open.phones.createPhone()).number };
};

test('what is queued while a session is away waits through a killed worker, can be cancelled, and is sent once, in order', async () => {
  const { open, friend } = await openPaired({});
  await open.worker.call('POST', '/session/alice/disconnect');
  const accepted = [];
  for (const words of ['one', 'two', 'three', 'four']) accepted.push(await enqueue(open, 'alice', friend, words));
  expect(accepted.map(({ status, body }) => [status, body.data?.['status'], body.data?.['position']])).toEqual(
    [1, 2, 3, 4].map((position) => [202, 'queued', position]),
  );
  const ids = accepted.map(({ body }) => String(body.data?.['messageId']));
  await open.worker.kill();
  await open.restartWorker();
  expect((await open.worker.request('DELETE', `/session/alice/queue/${ids[1]}`)).status).toBe(200);
  const again = await enqueue(open, 'alice', friend, 'three');
  expect([again.status, again.body.data?.['messageId']]).toEqual([202, ids[2]]);
  await open.worker.call('POST', '/session/alice/connect');
  await until(
    async () => (await shownOn(open, friend)).length === 3,
    60_000,
    () => 'not everything is shown',
  );
  expect(await shownOn(open, friend)).toEqual(['one', 'three', 'four']);
  await until(
    async () => (await outcomesOf(open, 'alice')).size === 4,
    60_000,
    () => 'not every outcome is told',
  );
  const outcomes = await outcomesOf(open, 'alice');
  expect(outcomes.get(ids[1] ?? '')).toMatchObject({ status: 'failed', error: { code: 'SEND_CANCELLED' } });
  expect((await enqueue(open, 'alice', friend, 'two')).body.code).toBe('SEND_CANCELLED');
  expect((await open.worker.request('DELETE', `/session/alice/queue/${ids[0]}`)).body.code).toBe('MESSAGE_NOT_QUEUED');
});

test('a pace lets a burst go, holds the others back also after a restart, and refuses at once who would wait too long', async () => {
  const { open, alice, friend } = await openPaired({
    SEND_RATE_PER_MINUTE: '12',
    SEND_BURST: '2',
    SEND_TYPING: 'true',
    SEND_DEADLINE_MS: '10000',
  });
  const startedAt = Date.now();
  for (const words of ['a', 'b', 'c', 'd']) await enqueue(open, 'alice', friend, words);
  await until(
    async () => (await shownOn(open, friend)).length === 2,
    60_000,
    () => 'the burst is not shown',
  );
  const refused = await open.worker.send('alice', friend, 'too late');
  expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  await open.worker.stop();
  await open.restartWorker();
  await until(
    async () => (await shownOn(open, friend)).length === 4,
    60_000,
    () => 'the others are not shown',
  );
  // After the burst of two, two intervals of five seconds.
  expect(Date.now() - startedAt).toBeGreaterThanOrEqual(10_000);
  expect(await shownOn(open, friend)).toEqual(['a', 'b', 'c', 'd']);
  await open.phones.waitForActivity(friend, ({ state, id }) => state === 'composing' && id === alice.number);
});
