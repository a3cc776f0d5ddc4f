// One runner is killed: its session is back within seconds, and the other worker notices nothing.
import assert from 'node:assert/strict';
import type { FleetScene } from '../support/fleet-scene.js';
import type { ReportView } from '../support/gateway-user.js';
import { until } from '../support/worker-process.js';
import type { Cast } from './cast.js';
import { connectionsOf } from './connections-of.js';
import { copiesOf, say, send } from './say.js';
import type { Step } from './step.js';

/** It takes one or two; a busy machine takes its time, and the connect after a real failure would take longer still. */
const RECONNECT_LIMIT_MS = 30_000;
const MISSED = 'Are you there?';

export const loseRunner = async (scene: FleetScene, step: Step, { alice, bob }: Cast): Promise<void> => {
  const { phones, user } = scene;
  const friend = await phones.createPhone({ name: 'friend' });
  const [bobBefore, aliceBefore] = [await bobsLife(scene, bob), (await user.reports('alice')).length];
  const aliceNews = async (): Promise<ReportView['body'][]> => (await user.reports('alice')).slice(aliceBefore).map(({ body }) => body);
  const pid = await alice.worker.process.runnerPidOf('alice');
  const lostAt = performance.now();

  const missed = await step("SIGKILL of alice's runner; a friend writes to her and bob goes on sending meanwhile", async () => {
    process.kill(pid, 'SIGKILL');
    const id = await phones.send(friend.number, alice.number, MISSED);
    await phones.waitForShown(friend.number, await send(scene, bob, friend, 'Alice is away for a moment.'));
    return id;
  });
  await step(
    'alice is connected again within seconds, as the gateway shows',
    async () => {
      await until(
        async () => (await aliceNews()).some(({ status }) => status === 'connected'),
        RECONNECT_LIMIT_MS,
        () => 'the gateway did not hear of it in time',
      );
      const tookMs = performance.now() - lostAt;
      assert(tookMs < RECONNECT_LIMIT_MS, `it took ${Math.round(tookMs)} ms`);
      return tookMs;
    },
    (tookMs) => `${(tookMs / 1000).toFixed(1)} s`,
  );
  await step(
    'the gateway heard of it in order, and of no QR',
    async () => {
      await user.untilSession('alice', { status: 'connected', workerId: alice.worker.id });
      return aliceNews();
    },
    (news) => {
      const heard = news.map(({ status }) => status).join(', ');
      // An attempt that fails is reported as well.
      assert.match(heard, /^(reconnecting, )+connected$/);
      const order = news.map(({ seq }) => Number(seq));
      assert.deepEqual(
        order,
        order.toSorted((one, other) => one - other),
        'the order of arrival is not that of the changes',
      );
      return heard;
    },
  );
  await step("the friend's message is in alice's history exactly once", async () => {
    await copiesOf(scene, alice, missed, MISSED);
    await say(scene, bob, alice, 'Welcome back!');
    assert.equal(await copiesOf(scene, alice, missed, MISSED), 1);
  });
  await step('bob was not disturbed: one connection throughout, and nothing to report', async () => {
    assert.deepEqual(await bobsLife(scene, bob), bobBefore);
  });
};

const bobsLife = async (scene: FleetScene, bob: Cast['bob']) => ({
  connections: await connectionsOf(scene, bob),
  reports: (await scene.user.reports('bob')).length,
});
