// A whatsam gateway repeats what timed out, without saying that it is a repeat.
import { afterEach, describe, expect, test } from 'vitest';
import { openScene, pair, type Scene } from '../support/scene.js';
import { killWorkers, type Answer } from '../support/worker-process.js';

const TOKEN = 'a-token-for-tests';
const ACK = { direction: 'out', match: { tag: 'ack', class: 'message' } } as const;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await killWorkers();
});

const openWhatsamScene = async (): Promise<Scene> =>
  openScene({
    env: {
      WORKER_AUTH_TOKEN: TOKEN,
      WORKER_HOST: '127.0.0.1',
      BACKEND_DIALECT: 'whatsam',
      // Nobody listens there: the routes are what counts here.
      BACKEND_URL: 'http://127.0.0.1:9',
    },
  });

/** One try of a gateway. @returns undefined when it did not wait for the answer */
const attempt = async ({ worker }: Scene, to: string, message: string, timeoutMs: number): Promise<Answer | undefined> => {
  try {
    const response = await fetch(`${worker.baseUrl}/api/sender/send`, {
      method: 'POST',
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify({ to, type: 'text', message }),
      signal: AbortSignal.timeout(timeoutMs),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  } catch (error) {
    if (error instanceof DOMException && error.name === 'TimeoutError') return undefined;
    throw error;
  }
};

const shownTexts = async ({ phones }: Scene, number: string, wanted: string): Promise<string[]> =>
  (await phones.shown(number)).filter(({ text }) => text === wanted).map(({ id }) => id);

describe('a send whose client does not wait for the answer and repeats it', () => {
  test.each([
    ['delayed', { action: 'delay', delayMs: 12_000 }],
    ['swallowed', { action: 'swallow' }],
  ] as const)('is shown once, under one id, when the acknowledgement is %s', async (_name, fault) => {
    scene = await openWhatsamScene();
    const { number: sender } = await pair(scene, 'sender');
    const friend = await scene.phones.createPhone();
    await scene.phones.addFault({ kind: 'stanza', target: { number: sender }, count: 1, ...ACK, ...fault });

    expect(await attempt(scene, friend.number, 'once', 1_500)).toBeUndefined();
    expect(await attempt(scene, friend.number, 'once', 1_500)).toBeUndefined();
    const last = await attempt(scene, friend.number, 'once', 60_000);

    expect(last?.status).toBe(200);
    const id = String(last?.body['messageId']);
    await scene.phones.waitForShown(friend.number, id);
    // Behind it, so that whatever was sent before has arrived.
    const end = await attempt(scene, friend.number, 'the end', 60_000);
    await scene.phones.waitForShown(friend.number, String(end?.body['messageId']));
    expect(await shownTexts(scene, friend.number, 'once')).toEqual([id]);
    const history = await scene.worker.messages('sender');
    expect(history.filter(({ content }) => content === 'once').map((message) => message['id'])).toEqual([id]);
  });

  test('is shown once, under one id, when the worker is killed before it answered', async () => {
    scene = await openWhatsamScene();
    const { number: sender } = await pair(scene, 'sender');
    const friend = await scene.phones.createPhone();
    await scene.phones.addFault({ kind: 'stanza', target: { number: sender }, count: 1, action: 'swallow', ...ACK });

    expect(await attempt(scene, friend.number, 'once', 1_500)).toBeUndefined();
    const { id } = await scene.phones.waitForShown(friend.number, ({ text }) => text === 'once');
    await scene.worker.kill();
    await scene.restartWorker();
    const last = await attempt(scene, friend.number, 'once', 60_000);

    expect([last?.status, last?.body['messageId']]).toEqual([200, id]);
    const end = await attempt(scene, friend.number, 'the end', 60_000);
    await scene.phones.waitForShown(friend.number, String(end?.body['messageId']));
    expect(await shownTexts(scene, friend.number, 'once')).toEqual([id]);
  });

  test('is sent again when the same is written again after an answer', async () => {
    scene = await openWhatsamScene();
    await pair(scene, 'sender');
    const friend = await scene.phones.createPhone();
    const answers = [await attempt(scene, friend.number, 'ok', 60_000), await attempt(scene, friend.number, 'ok', 60_000)];
    expect(answers.map((answer) => answer?.status)).toEqual([200, 200]);
    const ids = answers.map((answer) => String(answer?.body['messageId']));
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) await scene.phones.waitForShown(friend.number, id);
    expect(await shownTexts(scene, friend.number, 'ok')).toEqual(ids);
  });
});
