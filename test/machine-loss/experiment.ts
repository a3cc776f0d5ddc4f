// Two workers on one bucket lose their machines under load and are made again from the bucket.
import { setTimeout as sleep } from 'node:timers/promises';
import type { OwnObjectServer } from '../support/object-servers/object-server.js';
import { until } from '../support/worker-process.js';
import { pair as pairSession } from '../support/scene.js';
import type { WhatsappClient } from '../whatsapp/client.js';
import { spawnWhatsapp } from '../whatsapp/spawn-whatsapp.js';
import { judge, type Verdict } from './judge.js';
import { readJournalEnd, type JournalEnd } from './journal-end.js';
import { LossyWorker } from './lossy-worker.js';
import { Traffic, type Pair } from './traffic.js';
import { fatesOf } from './what-became.js';

export interface ExperimentOptions {
  sessions: number;
  /** Between two shipments. */
  intervalMs: number;
  /** Load before the loss, and after the sessions are back. */
  loadMs: number;
  /** Between two messages of one session in one direction. */
  everyMs: number;
  /** How long messages may take to arrive once the load has ended. */
  patienceMs: number;
  onLog?: (line: string) => void;
  say?: (line: string) => void;
}

const PAIRING_AT_ONCE = 4;
const SESSIONS_PER_FRIEND = 4;
const RESTORED_MS = 300_000;

/** @param startServer the server belongs to this experiment, which ends it */
export const loseMachines = async (startServer: () => Promise<OwnObjectServer>, options: ExperimentOptions): Promise<Verdict> => {
  const { sessions, intervalMs, onLog } = options;
  const server = await startServer();
  try {
    const whatsapp = await spawnWhatsapp();
    const workers = ['worker-a', 'worker-b'].map((id) => new LossyWorker({ id, server, env: whatsapp.env, sessions, intervalMs, onLog }));
    try {
      return await run(whatsapp.client, server, workers, options);
    } finally {
      await Promise.all(workers.map(async (worker) => worker.close()));
      await whatsapp.stop();
    }
  } finally {
    await server.stop();
  }
};

const run = async (
  phones: WhatsappClient,
  server: OwnObjectServer,
  workers: readonly LossyWorker[],
  { sessions, intervalMs, loadMs, everyMs, patienceMs, say = () => undefined }: ExperimentOptions,
): Promise<Verdict> => {
  await Promise.all(workers.map(async (worker) => worker.start()));
  await Promise.all(workers.map(async (worker) => worker.untilRestored(RESTORED_MS)));
  const pairs = await pairAll(phones, workers, sessions);
  say(`${sessions} sessions paired; load`);

  const traffic = new Traffic(phones, pairs, everyMs);
  traffic.start();
  await sleep(loadMs);
  await Promise.all(workers.map(async (worker) => worker.prepareToDie()));
  const statsBefore = await phones.stats();
  const killedAt = Date.now();
  for (const worker of workers) worker.die();
  await Promise.all(workers.map(async (worker) => worker.bury()));
  const ends = new Map<LossyWorker, JournalEnd>();
  for (const worker of workers) ends.set(worker, await readJournalEnd(server, worker.id));
  say('both machines are lost; they start anew from the bucket');

  const restartedAt = Date.now();
  await Promise.all(workers.map(async (worker) => worker.start()));
  const listeningAt = Date.now();
  await Promise.all(workers.map(async (worker) => worker.untilRestored(RESTORED_MS)));
  const restoredAt = Date.now();
  let seen = '';
  await until(
    async () => {
      const counts = await Promise.all(workers.map(async (worker) => worker.statuses()));
      seen = JSON.stringify(counts);
      return counts.reduce((sum, { connected = 0 }) => sum + connected, 0) === sessions;
    },
    RESTORED_MS,
    () => `not every session came back: ${seen}`,
  );
  const connectedAt = Date.now();
  const cpuSeconds = (await Promise.all(workers.map(async (worker) => worker.cpuSeconds()))).reduce((sum, seconds) => sum + seconds, 0);
  const runnersEnded = workers.reduce((sum, worker) => sum + worker.runnersEnded, 0);
  say(`all connected ${connectedAt - restartedAt} ms after the start; load goes on`);

  await sleep(loadMs);
  await traffic.end();
  const isAfter = (begunAt: number): boolean => begunAt >= killedAt;
  const fates = await fatesOf(
    phones,
    traffic.ledger,
    (all) => all.every(({ entry, inHistory, shown }) => !isAfter(entry.begunAt) || (inHistory && (entry.direction === 'in' || shown > 0))),
    patienceMs,
  );
  return judge({
    ...{ phones, pairs, workers, fates, ends, intervalMs, killedAt, statsBefore },
    times: { listening: listeningAt - restartedAt, restored: restoredAt - restartedAt, connected: connectedAt - restartedAt },
    ...{ cpuSeconds, runnersEnded },
  });
};

const pairAll = async (phones: WhatsappClient, workers: readonly LossyWorker[], sessions: number): Promise<Pair[]> => {
  const friends: Pair['friend'][] = [];
  for (let n = 0; n < Math.ceil(sessions / SESSIONS_PER_FRIEND); n++) friends.push(await phones.createPhone({ name: `friend ${n}` }));
  const pairs: Pair[] = [];
  let next = 0;
  const pairNext = async (): Promise<void> => {
    while (next < sessions) {
      const n = next++;
      const home = workers[n % workers.length];
      const friend = friends[n % friends.length];
      if (!home || !friend) throw new Error('nobody to pair with');
      pairs.push({ ...(await pairSession({ worker: home.worker, phones }, `session-${String(n).padStart(4, '0')}`)), home, friend });
    }
  };
  await Promise.all(Array.from({ length: PAIRING_AT_ONCE }, pairNext));
  return pairs;
};
