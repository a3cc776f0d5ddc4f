import type { FleetScene, FleetWorker } from '../support/fleet-scene.js';
import { sentenceOf } from './sentence-of.js';

const LOOK_EVERY_MS = 250;

/**
 * Starts workers that ended again, as a service manager would, only later: first the gateway shall notice.
 * @returns ends that; resolves when no start is under way any more
 */
export const tendWorkers = ({ workers }: FleetScene, restartMs: number, say: (line: string) => void): (() => Promise<void>) => {
  const restarts = new Map<FleetWorker, { timer: NodeJS.Timeout; done: Promise<void> | undefined }>();
  const restart = async (worker: FleetWorker): Promise<void> => {
    try {
      await worker.restart();
      say(`${worker.id} is started again: ${worker.process.baseUrl}, process ${worker.process.child.pid}`);
    } catch (error) {
      say(`${worker.id} did not start: ${sentenceOf(error)}`);
    }
    restarts.delete(worker);
  };
  const look = (): void => {
    for (const worker of workers) {
      if (worker.process.isRunning || restarts.has(worker)) continue;
      say(`${worker.id} has ended`);
      const timer = setTimeout(() => {
        restarts.set(worker, { timer, done: restart(worker) });
      }, restartMs);
      restarts.set(worker, { timer, done: undefined });
    }
  };
  const looking = setInterval(look, LOOK_EVERY_MS);
  return async () => {
    clearInterval(looking);
    for (const { timer } of restarts.values()) clearTimeout(timer);
    await Promise.all([...restarts.values()].map(async ({ done }) => done));
  };
};
