import { afterEach, expect, test } from 'vitest';
import { isRunning, openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until, type Answer } from '../support/worker-process.js';

const KILLS = 4;
const KILL_EVERY_MS = 2_500;
const SEND_EVERY_MS = 120;

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

const pause = async (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** What a careful client does: the same request with the same key until it is answered. */
const sendUntilAnswered = async ({ worker }: Scene, { sessionId }: PairedSession, to: string, text: string): Promise<string> => {
  for (;;) {
    const answer: Answer | undefined = await worker.send(sessionId, to, text, `key of ${text}`).catch(() => undefined);
    if (answer?.status === 200) return String(answer.body.data?.['messageId']);
    if (answer && answer.body['retryable'] !== true) throw new Error(`send answered ${JSON.stringify(answer.body)}`);
    await pause(100);
  }
};

test('runners killed under traffic lose nothing and double nothing', async () => {
  scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '2' } });
  const { phones, worker } = scene;
  const sessions: PairedSession[] = [];
  for (const sessionId of ['a', 'b', 'c', 'd']) sessions.push(await pair(scene, sessionId));
  const friend = await phones.createPhone();
  const over = new AbortController();

  const sent = new Map<string, string>();
  const received = new Map<string, string>();
  const outgoing = sessions.map(async (session) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const text = `${session.sessionId} out ${n}`;
      sent.set(text, await sendUntilAnswered(scene!, session, friend.jid, text));
      await pause(SEND_EVERY_MS);
    }
  });
  const incoming = sessions.map(async ({ sessionId, number }) => {
    for (let n = 0; !over.signal.aborted; n++) {
      const text = `${sessionId} in ${n}`;
      received.set(text, await phones.send(friend.number, number, text));
      await pause(SEND_EVERY_MS);
    }
  });
  for (let kills = 0; kills < KILLS; kills++) {
    await pause(KILL_EVERY_MS);
    let victims: number[] = [];
    await until(
      async () => {
        victims = (await worker.runners()).flatMap(({ state, pid }) => (state === 'ready' && pid !== null && isRunning(pid) ? [pid] : []));
        return victims.length > 0;
      },
      60_000,
      () => 'no runner is ready',
    );
    process.kill(victims[kills % victims.length] ?? 0, 'SIGKILL');
  }
  await pause(KILL_EVERY_MS);
  over.abort();
  await Promise.all([...outgoing, ...incoming]);

  const historyOf = async (): Promise<string[]> =>
    (await Promise.all(sessions.map(async ({ sessionId }) => worker.messages(sessionId)))).flat().map(({ id }) => String(id));
  const everything = [...sent.values(), ...received.values()].toSorted();
  await until(
    async () => (await historyOf()).length >= everything.length,
    60_000,
    () => 'history is incomplete',
  );
  expect((await historyOf()).toSorted()).toEqual(everything);
  await until(
    async () => (await phones.shown(friend.number)).length >= sent.size,
    60_000,
    () => 'the friend misses messages',
  );
  expect((await phones.shown(friend.number)).map(({ text }) => text).toSorted()).toEqual([...sent.keys()].toSorted());
  expect((await phones.connections()).overlaps).toEqual([]);
  console.log(`kills ${KILLS}, sent ${sent.size}, received ${received.size}, lost 0, doubled 0`);
});
