import { afterEach, describe, expect, it } from 'vitest';
import { openObjectScene, type ObjectScene } from '../support/object-scene.js';
import { HOW_TO_INSTALL, ownServers } from '../support/object-servers/find.js';
import { pair } from '../support/scene.js';
import { killWorkers, until } from '../support/worker-process.js';

const [found] = ownServers();

let scene: ObjectScene | undefined;
afterEach(async () => {
  await scene?.close();
  scene = undefined;
  await killWorkers();
});

describe.skipIf(!found)(`After the loss of a machine (${found?.name ?? HOW_TO_INSTALL})`, () => {
  it('an empty data folder and the bucket give every session and its history back, without a QR', async () => {
    if (!found) return;
    scene = await openObjectScene(await found.start(), { env: { RUNNER_MAX_SESSIONS: '2' } });
    const sessions = [];
    for (const name of ['one', 'two', 'three']) sessions.push(await pair(scene, name));
    const friend = await scene.phones.createPhone({ name: 'friend' });
    for (const { sessionId, number } of sessions) {
      await scene.worker.send(sessionId, `${friend.number}@s.whatsapp.net`, `from ${sessionId}`);
      await scene.phones.send(friend.number, number, `to ${sessionId}`);
      const { worker } = scene;
      // A receipt that came after the last shipping would be lost, as it may be.
      await until(
        async () => {
          const messages = await worker.messages(sessionId);
          return messages.length === 2 && messages.every(({ fromMe, status }) => fromMe !== true || status === 'delivered');
        },
        60_000,
        () => 'not both messages are in history, or the receipt is missing',
      );
    }
    await scene.untilShipped();
    const before = await Promise.all(sessions.map(async ({ sessionId }) => scene?.worker.messages(sessionId)));

    await scene.loseMachine();

    for (const { sessionId } of sessions) await scene.worker.untilStatus(sessionId, 'connected');
    const after = await Promise.all(sessions.map(async ({ sessionId }) => scene?.worker.messages(sessionId)));
    expect(after).toEqual(before);
    for (const { sessionId, number } of sessions) {
      await scene.worker.send(sessionId, `${friend.number}@s.whatsapp.net`, `again from ${sessionId}`);
      await scene.phones.send(friend.number, number, `again to ${sessionId}`);
      const { worker } = scene;
      await until(
        async () => (await worker.messages(sessionId)).length === 4,
        60_000,
        () => 'the new messages are not in history',
      );
    }
  });
});
