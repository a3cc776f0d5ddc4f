import type { PairedSession, Scene } from '../scene.js';
import { until } from '../worker-process.js';
import { collectEvidence } from './evidence.js';
import { findingsOf, type Finding } from './tally.js';
import type { Accepted, Person } from './traffic.js';

export interface World {
  scene: Scene;
  sessions: readonly PairedSession[];
  /** Phones without sessions. */
  friends: readonly Person[];
}

const CONNECTED_TIMEOUT_MS = 180_000;
/** After many kills a session may have thousands of messages to catch up with. */
const SETTLE_TIMEOUT_MS = 300_000;
/** What is missing and does not become less for so long is lost; queues that do not become shorter are stuck. */
const HOPELESS_MS = { lost: 30_000, queued: 120_000 };
/** Empty queues are progress, however much is found to be missing then. */
const WAITING_WEIGHS = 1_000_000;

const isLost = ({ kind }: Finding): boolean => kind === 'lost';

/** Waits until all sessions are connected and nothing is on its way any more, or nothing more can be hoped for. */
export const settle = async (world: World, accepted: readonly Accepted[]): Promise<void> => {
  const { scene, sessions } = world;
  for (const { sessionId } of sessions) await scene.worker.untilStatus(sessionId, 'connected', CONNECTED_TIMEOUT_MS);
  const queued = async (): Promise<number> =>
    (await scene.phones.listPhones()).reduce(
      (sum, phone) => phone.devices.reduce((inDevices, device) => inDevices + device.queued, sum + phone.queued),
      0,
    );
  let [least, since] = [Infinity, performance.now()];
  const isSettled = async (): Promise<boolean> => {
    // Histories are read in pages, which shift while something arrives: only when the queues are empty.
    const waiting = await queued();
    const lost = waiting > 0 ? 0 : findingsOf(await collectEvidence(scene, { ...world, accepted })).filter(isLost).length;
    const left = waiting > 0 ? WAITING_WEIGHS * waiting : lost;
    if (left < least) [least, since] = [left, performance.now()];
    return left === 0 || performance.now() - since > (waiting > 0 ? HOPELESS_MS.queued : HOPELESS_MS.lost);
  };
  await until(isSettled, SETTLE_TIMEOUT_MS, () => 'messages are still on their way');
};
