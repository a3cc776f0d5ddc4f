import { RowCipher } from '../../../shared/store/row-cipher.js';
import { openSlotStore } from '../../../shared/store/slot-store.js';
import { quantile } from './figures.js';
import { ratchetStep } from './fleet-rows.js';

interface AuthSteps {
  folder: string;
  /** One session each, as every session waits for its own step before it takes the next. */
  inFlight: number;
  seconds: number;
  sealed: boolean;
}

const CONTACTS = 50;

/** Commits ratchet steps, as a runner does before anything made with one may leave it. */
export const commitSteps = async ({
  folder,
  inFlight,
  seconds,
  sealed,
}: AuthSteps): Promise<{ perSecond: number; p50Ms: number; p99Ms: number }> => {
  const cipher = sealed ? new RowCipher([Buffer.alloc(32, 7)]) : undefined;
  const store = await openSlotStore(folder, { track: true, cipher });
  const times: number[] = [];
  const startedAt = performance.now();
  const endAt = startedAt + seconds * 1000;
  const session = async (index: number): Promise<void> => {
    for (let step = 0; performance.now() < endAt; step++) {
      const write = ratchetStep(index, step % CONTACTS, step);
      const stepAt = performance.now();
      await store.commit([write]);
      times.push(performance.now() - stepAt);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, async (_, index) => session(index)));
  const took = (performance.now() - startedAt) / 1000;
  await store.close();
  return { perSecond: times.length / took, p50Ms: quantile(times, 0.5), p99Ms: quantile(times, 0.99) };
};
