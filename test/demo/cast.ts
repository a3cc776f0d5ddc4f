// Who plays: two sessions, each at a worker of its own.
import assert from 'node:assert/strict';
import type { FleetScene, FleetWorker } from '../support/fleet-scene.js';
import type { PairedSession } from '../support/scene.js';
import { until } from '../support/worker-process.js';
import type { Step } from './step.js';

interface Character extends PairedSession {
  worker: FleetWorker;
}

export interface Cast {
  alice: Character;
  bob: Character;
}

const REGISTERED_MS = 60_000;

/** Waits for the workers, and has the gateway spread two sessions over them. */
export const castOf = async (scene: FleetScene, step: Step): Promise<Cast> => {
  await step(
    `${scene.workers.length} workers registered with the gateway`,
    async () => registered(scene),
    (scores) => `load scores ${scores}`,
  );
  const [alice, bob] = [await createdAt(scene, step, 'alice'), await createdAt(scene, step, 'bob')];
  assert.notEqual(alice, bob, `both sessions went to ${alice.id}`);
  return { alice: await paired(scene, step, 'alice', alice), bob: await paired(scene, step, 'bob', bob) };
};

/** @returns their load scores */
const registered = async (scene: FleetScene): Promise<string> => {
  await until(
    async () => {
      const workers = await scene.user.workers();
      return scene.workers.every(({ id }) => workers.some(({ workerId, lastHeartbeat }) => workerId === id && lastHeartbeat !== null));
    },
    REGISTERED_MS,
    () => 'not all of them registered',
  );
  return scoresOf(scene);
};

const scoresOf = async ({ user }: FleetScene): Promise<string> => {
  const scores = (await user.workers()).map(({ workerId, loadScore }) => `${workerId} ${loadScore?.total.toFixed(0) ?? 'full'}`);
  return scores.sort().join(', ');
};

const createdAt = async (scene: FleetScene, step: Step, sessionId: string): Promise<FleetWorker> => {
  const { worker } = await step(
    `${sessionId}: created through the gateway, at the worker with the lower score`,
    async () => {
      const workerId = await scene.user.create(sessionId, `${sessionId}'s WhatsApp`);
      const found = scene.workers.find(({ id }) => id === workerId);
      assert(found, `the gateway chose ${workerId}`);
      return { worker: found, scores: await scoresOf(scene) };
    },
    ({ worker: { id }, scores }) => `${id}; now ${scores}`,
  );
  return worker;
};

const paired = async ({ user, phones }: FleetScene, step: Step, sessionId: string, worker: FleetWorker): Promise<Character> =>
  step(
    `${sessionId}: QR polled from the gateway, scanned; reported connected with a phone number`,
    async () => {
      await user.connect(sessionId);
      const qr = await user.pollQr(sessionId);
      const { number } = await phones.createPhone({ name: sessionId });
      await phones.scan(number, qr);
      await user.untilSession(sessionId, { status: 'connected', phoneNumber: `+${number}`, workerId: worker.id });
      return { sessionId, number, jid: `${number}@s.whatsapp.net`, worker };
    },
    ({ number }) => `+${number}`,
  );
