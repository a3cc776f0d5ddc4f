// The product's promise as a story that checks itself: pair, talk, lose a runner, lose a worker, miss nothing.
import assert from 'node:assert/strict';
import type { FleetScene } from '../support/fleet-scene.js';
import { until } from '../support/worker-process.js';
import { castOf, type Cast } from './cast.js';
import { loseRunner } from './lost-runner.js';
import { loseWorker } from './lost-worker.js';
import { say } from './say.js';
import type { Step } from './step.js';

export const tellStory = async (scene: FleetScene, step: Step): Promise<void> => {
  const cast = await castOf(scene, step);
  await talk(scene, step, cast);
  await loseRunner(scene, step, cast);
  await loseWorker(scene, step, cast);
  await step('no identity was ever connected twice', async () => {
    const { verdict, overlaps } = await scene.phones.connections();
    assert(verdict === 'single', JSON.stringify(overlaps));
  });
  await step(
    'workers, gateway and WhatsApp stop in order',
    async () => {
      const codes = await Promise.all(scene.workers.map(async ({ process }) => process.stop()));
      return [...codes, await scene.gateway.stop(), await scene.whatsapp.stop()];
    },
    (codes) => {
      assert(
        codes.every((code) => code === 0),
        `exit codes ${codes.join(', ')}`,
      );
      return 'exit codes 0';
    },
  );
};

const talk = async (scene: FleetScene, step: Step, { alice, bob }: Cast): Promise<void> => {
  const { phones, user } = scene;
  const untilMessageStatus = async (id: string, status: string): Promise<void> =>
    until(
      async () => (await user.messages('alice')).some((message) => message['id'] === id && message['status'] === status),
      60_000,
      () => `message ${id} did not become ${status}`,
    );
  const greeting = await step('alice → bob, through the gateway: decrypted', async () => say(scene, alice, bob, 'Hello Bob!'), String);
  const answer = await step('bob → alice, through the gateway: decrypted', async () => say(scene, bob, alice, 'Hello Alice!'), String);
  await step('alice sees her message delivered', async () => untilMessageStatus(greeting, 'delivered'));
  await step("alice sees it read once bob's phone read it", async () => {
    await phones.waitForShown(bob.number, greeting);
    await phones.markRead(bob.number, { ids: [greeting] });
    await untilMessageStatus(greeting, 'read');
  });
  await step('both histories hold both messages, newest first', async () => {
    for (const { sessionId } of [alice, bob]) {
      assert.deepEqual(
        (await user.messages(sessionId)).map(({ id }) => id),
        [answer, greeting],
        `history of ${sessionId}`,
      );
    }
  });
};
