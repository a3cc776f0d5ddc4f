import { afterEach, expect, test } from 'vitest';
import { isRunning, openScene, pair, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

let scene: Scene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
});

test.each([
  { name: 'with healthy runners', stop: false },
  { name: 'with a runner that is stopped and cannot notice', stop: true },
])('SIGKILL of the supervisor $name: all is back without QR, once and complete', async ({ stop }) => {
  scene = await openScene({ env: { RUNNER_MAX_SESSIONS: '2' } });
  const { phones } = scene;
  const sessions = [];
  for (const sessionId of ['one', 'two', 'three']) sessions.push(await pair(scene, sessionId));
  const friend = await phones.createPhone();

  const received: string[] = [];
  const sent: string[] = [];
  for (const { sessionId, number } of sessions) {
    received.push(await phones.send(friend.number, number, `before to ${sessionId}`));
    const { body } = await scene.worker.send(sessionId, friend.jid, `before from ${sessionId}`);
    sent.push(String(body.data?.['messageId']));
  }
  const pids = (await scene.worker.runners()).flatMap(({ pid }) => pid ?? []);
  expect(pids).toHaveLength(2);
  if (stop) process.kill(pids[0] ?? 0, 'SIGSTOP');
  await scene.worker.kill();
  for (const { sessionId, number } of sessions) received.push(await phones.send(friend.number, number, `meanwhile to ${sessionId}`));

  const worker = await scene.restartWorker();
  expect(pids.filter(isRunning)).toEqual([]);
  for (const { sessionId } of sessions) await worker.untilStatus(sessionId, 'connected');
  for (const { sessionId, number } of sessions) {
    received.push(await phones.send(friend.number, number, `after to ${sessionId}`));
    await until(
      async () => (await worker.messages(sessionId)).some(({ content }) => content === `after to ${sessionId}`),
      60_000,
      () => `${sessionId} receives nothing any more`,
    );
  }
  const ids = (await Promise.all(sessions.map(async ({ sessionId }) => worker.messages(sessionId)))).flat().map(({ id }) => String(id));
  expect(ids.toSorted()).toEqual([...received, ...sent].toSorted());
  expect((await phones.shown(friend.number)).map(({ id }) => id).toSorted()).toEqual(sent.toSorted());
  expect((await phones.connections()).overlaps).toEqual([]);
  // Nobody was asked to scan again.
  for (const { sessionId } of sessions) expect((await worker.status(sessionId))['reason']).toBe('opened');
});

test('a send that the supervisor accepted and did not finish is finished after the restart, under the same id', async () => {
  scene = await openScene();
  const { phones } = scene;
  const session = await pair(scene, 'sender');
  const friend = await phones.createPhone();
  await phones.addFault({
    kind: 'stanza',
    direction: 'in',
    match: { tag: 'message' },
    action: 'swallow',
    target: { number: session.number },
  });
  const lost = scene.worker.send('sender', friend.jid, 'accepted', 'key-1').catch(() => undefined);
  await until(
    async () => ((await phones.faults())[0]?.hits ?? 0) > 0,
    60_000,
    () => 'nothing was sent',
  );
  await scene.worker.kill();
  await lost;
  await phones.clearFaults();

  const worker = await scene.restartWorker();
  const { id } = await phones.waitForShown(friend.number, ({ text }) => text === 'accepted', 60_000);
  const repeated = await worker.send('sender', friend.jid, 'accepted', 'key-1');
  expect(repeated.status).toBe(200);
  expect(repeated.body.data?.['messageId']).toBe(id);
  expect((await phones.shown(friend.number)).filter(({ text }) => text === 'accepted')).toHaveLength(1);
  expect((await worker.messages('sender')).map((message) => [message['id'], message['content']])).toEqual([[id, 'accepted']]);
});
