import { mkdirSync } from 'node:fs';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WorkerLog } from '../crash-points/worker-log.js';
import type { Person } from '../support/ledger/traffic.js';
import { openScene, pairCreated, type PairedSession, type Scene } from '../support/scene.js';
import { preloadOption } from './orders.js';
import { runnersBelow } from './vital-signs.js';

export interface ChaosScene {
  scene: Scene;
  sessions: PairedSession[];
  friends: Person[];
  /** Where orders to runners are written. */
  orders: string;
  log: WorkerLog;
  /** Ends everything. @returns the folder of what is kept, when it is to be kept */
  close(keep: boolean): Promise<string | undefined>;
}

export interface ChaosSceneOptions {
  runners: number;
  sessionsPerRunner: number;
  say: (line: string) => void;
  signal?: AbortSignal | undefined;
}

const FRIENDS = 4;
/** More at once would only wait for each other's keys. */
const PAIRING_AT_ONCE = 3;
/** However busy the machine is: nothing is measured yet. */
const PATIENCE_MS = 120_000;

/** Nothing may go on after its worker; if it does, not even that failure leaves it behind. @returns what did */
const endLeftOvers = (dataDir: string): number[] => {
  const left = runnersBelow(dataDir);
  for (const pid of left) process.kill(pid, 'SIGKILL');
  return left;
};

/** A simulated WhatsApp, and a worker whose runners are full and obey orders. */
export const openChaosScene = async ({ runners, sessionsPerRunner, say, signal }: ChaosSceneOptions): Promise<ChaosScene> => {
  const folder = await mkdtemp(join(tmpdir(), 'chaos-'));
  const orders = join(folder, 'orders');
  mkdirSync(orders);
  const log = new WorkerLog(join(folder, 'worker.log'));
  const count = runners * sessionsPerRunner;
  const scene = await openScene({
    env: { WORKER_MAX_SESSIONS: String(count), RUNNER_MAX_SESSIONS: String(sessionsPerRunner) },
    extraNodeOptions: [preloadOption(orders)],
    onLog: log.take,
    parentFolder: folder,
  });
  const close = async (keep: boolean): Promise<string | undefined> => {
    try {
      await scene.worker.stop();
      const left = endLeftOvers(scene.dataDir);
      if (keep) await rename(scene.dataDir, join(folder, 'data'));
      await scene.close();
      if (left.length > 0) throw new Error(`runners outlived their worker: ${left.join(', ')}`);
    } finally {
      await log.close();
      if (!keep) await rm(folder, { recursive: true, force: true });
    }
    return keep ? folder : undefined;
  };
  try {
    const sessions: PairedSession[] = [];
    const names = Array.from({ length: count }, (_, n) => `s${String(n).padStart(3, '0')}`);
    // All of them first: pairing keeps a machine busy.
    for (const name of names) await scene.worker.create(name);
    const pairAll = async (): Promise<void> => {
      for (let name = names.shift(); name !== undefined; name = names.shift()) {
        signal?.throwIfAborted();
        sessions.push(await pairCreated(scene, name, PATIENCE_MS));
        if (sessions.length % 25 === 0) say(`  ${sessions.length} sessions paired`);
      }
    };
    await Promise.all(Array.from({ length: PAIRING_AT_ONCE }, pairAll));
    const friends: Person[] = [];
    for (let n = 0; n < FRIENDS; n++) friends.push(await scene.phones.createPhone());
    return { scene, sessions: sessions.toSorted((a, b) => (a.sessionId < b.sessionId ? -1 : 1)), friends, orders, log, close };
  } catch (error) {
    const kept = await close(true);
    throw new Error(`the scene could not be set up; its data is in ${kept ?? 'no folder'}`, { cause: error });
  }
};
