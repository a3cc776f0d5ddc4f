// A whole worker is killed: the gateway gives it up, and takes it and its session back once it is started again.
import assert from 'node:assert/strict';
import type { FleetScene } from '../support/fleet-scene.js';
import { until } from '../support/worker-process.js';
import type { Cast } from './cast.js';
import { connectionsOf } from './connections-of.js';
import { copiesOf, say, send } from './say.js';
import type { Step } from './step.js';

const NOTICED_MS = 60_000;
const MISSED = 'Write when you are back.';

export const loseWorker = async (scene: FleetScene, step: Step, { alice, bob }: Cast): Promise<void> => {
  const { user, staleMs } = scene;
  const { worker } = bob;
  const aliceBefore = await connectionsOf(scene, alice);
  const reportsBefore = (await user.reports('bob')).length;
  const untilWorker = async (status: string): Promise<void> =>
    until(
      async () => (await user.workers()).some((view) => view.workerId === worker.id && view.status === status),
      staleMs + NOTICED_MS,
      () => `the gateway does not take ${worker.id} for ${status}`,
    );

  const missed = await step(
    "SIGKILL of bob's whole worker; alice writes to him meanwhile",
    async () => {
      await worker.process.kill();
      return send(scene, alice, bob, MISSED);
    },
    () => worker.id,
  );
  await step(`the gateway marks it offline after ${staleMs / 1000} s of silence, and bob as unassigned`, async () => {
    await untilWorker('OFFLINE');
    await user.untilSession('bob', { status: 'disconnected', workerId: null });
    const { status, body } = await user.send('bob', alice.number, 'Can you hear me?');
    assert.deepEqual([status, body.code], [409, 'SESSION_NOT_ASSIGNED']);
  });
  await step(
    'the worker is started again, and registers',
    async () => {
      await worker.restart();
      await untilWorker('ONLINE');
    },
    () => worker.id,
  );
  await step('bob is connected again without a QR, and attached to his worker again', async () => {
    await user.untilSession('bob', { status: 'connected', workerId: worker.id, phoneNumber: `+${bob.number}` });
    const heard = (await user.reports('bob')).slice(reportsBefore).map(({ body }) => body.status);
    assert(!heard.includes('qr_required'), `the gateway heard ${heard.join(', ')}`);
  });
  await step("alice's message is in bob's history exactly once, and he answers", async () => {
    await copiesOf(scene, bob, missed, MISSED);
    await say(scene, bob, alice, 'Here I am.');
    assert.equal(await copiesOf(scene, bob, missed, MISSED), 1);
  });
  await step('alice was not disturbed', async () => {
    assert.deepEqual(await connectionsOf(scene, alice), aliceBefore);
  });
};
