import { afterAll, beforeAll, expect, it } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';
import { WebhookConsumer } from '../support/webhook-consumer.js';

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

let consumer: WebhookConsumer;
let scene: Scene;
let sessions: PairedSession[];

beforeAll(async () => {
  consumer = await new WebhookConsumer(SECRET).start();
  scene = await openScene({ env: { WEBHOOK_URL: consumer.url, WEBHOOK_SECRET: SECRET } });
  sessions = [await pair(scene, 'ann'), await pair(scene, 'bob')];
}, 180_000);
afterAll(async () => {
  await scene.close();
  await consumer.kill();
});

interface Told {
  seq: number;
  type: string;
}

const eventsOf = async (sessionId: string): Promise<Told[]> => {
  const { events } = await scene.worker.call('GET', `/session/${sessionId}/events?limit=500`);
  return events as Told[];
};

/** What the log has of every session, and nothing else, was taken in its order. */
const untilAllTold = async (): Promise<void> => {
  for (const { sessionId } of sessions) {
    let expected: number[] = [];
    await until(
      async () => {
        expected = (await eventsOf(sessionId)).map(({ seq }) => seq);
        return consumer.seqsOf(sessionId).length >= expected.length;
      },
      60_000,
      () => `${sessionId} has ${expected.length} events, of which ${consumer.seqsOf(sessionId).length} were taken`,
    );
    expect(consumer.seqsOf(sessionId)).toEqual(expected);
  }
};

const talk = async (round: string): Promise<void> => {
  const [ann, bob] = sessions;
  if (!ann || !bob) throw new Error('nobody talks');
  const sent = [];
  for (let n = 0; n < 5; n++) {
    sent.push(
      scene.worker.send('ann', bob.jid, `${round} ${n}`, `${round} ${n} a`),
      scene.worker.send('bob', ann.jid, `${round} ${n}`, `${round} ${n} b`),
    );
  }
  // Those that a kill cuts off are repeated by the worker itself.
  await Promise.allSettled(sent);
};

it('tells a consumer everything, in order and signed, that is killed, hangs and refuses while the worker is killed', async () => {
  await talk('well');
  await untilAllTold();
  let n = 0;
  consumer.behave = () => ([500, 'hang', 429, 200, 503] as const)[n++ % 5] ?? 200;
  await talk('badly');
  await consumer.kill();
  await talk('not at all');
  const cutOff = talk('cut off');
  await scene.worker.kill();
  await cutOff;
  consumer.behave = () => 200;
  await consumer.start();
  await scene.restartWorker();
  for (const { sessionId } of sessions) await scene.worker.untilStatus(sessionId, 'connected');
  await talk('well again');
  await untilAllTold();
  const ids = new Map<string, string>();
  for (const { id, isSigned, event } of consumer.received) {
    const name = `${event.sessionId} ${event.seq}`;
    expect(isSigned).toBe(true);
    expect(ids.get(name) ?? id, name).toBe(id);
    ids.set(name, id);
  }
  expect(new Set(ids.values()).size).toBe(ids.size);
}, 180_000);

it('puts aside what a consumer never takes, and tells it again on demand', async () => {
  consumer.behave = ({ event }) => (event.type === 'message' ? 410 : 200);
  await talk('refused');
  await until(
    async () => Number(((await scene.worker.call('GET', '/webhooks/dead')) as { pagination: { total: number } }).pagination.total) >= 20,
    60_000,
    () => 'the messages of both sides among the dead ones',
  );
  consumer.behave = () => 200;
  const { replayed } = await scene.worker.call('POST', '/webhooks/replay', {});
  expect(replayed).toBeGreaterThanOrEqual(20);
  await until(
    async () => (await eventsOf('ann')).length === consumer.seqsOf('ann').length,
    60_000,
    () => 'the replayed ones',
  );
}, 120_000);
