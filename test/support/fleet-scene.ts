// A simulated WhatsApp, a gateway, and workers that know only the addresses of both.
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawnGateway, type SpawnedGateway } from '../gateway/spawn-gateway.js';
import { DEFAULT_ADMIN } from '../gateway/start-gateway.js';
import type { WhatsappClient } from '../whatsapp/client.js';
import { spawnWhatsapp, type SpawnedWhatsapp } from '../whatsapp/spawn-whatsapp.js';
import { GatewayUser } from './gateway-user.js';
import { isRunning } from './scene.js';
import type { RunnerFacts } from '../contract/runners-answer.js';
import { WorkerProcess } from './worker-process.js';

export interface FleetWorker {
  readonly id: string;
  /** Its present process, the last one when it ended. */
  process: WorkerProcess;
  /** Starts it again on its data, after it ended; it listens at another port then. */
  restart(): Promise<void>;
}

export interface FleetScene {
  readonly whatsapp: SpawnedWhatsapp;
  readonly phones: WhatsappClient;
  readonly gateway: SpawnedGateway;
  readonly user: GatewayUser;
  readonly workers: readonly FleetWorker[];
  readonly folder: string;
  /** A worker silent for so long is offline for the gateway. */
  readonly staleMs: number;
  /** Ends everything and removes its files. */
  close(): Promise<void>;
}

export interface FleetSceneOptions {
  workerIds: readonly string[];
  /** For every worker. */
  env?: Record<string, string>;
  staleMs?: number;
  /** Called with each line a worker logs. */
  onLog?: (workerId: string, line: string) => void;
}

const HEARTBEAT_INTERVAL_MS = 1_000;
/** Several heartbeats: a busy machine is no dead worker. */
const STALE_MS = 15_000;

export const openFleetScene = async ({ workerIds, env, staleMs = STALE_MS, onLog }: FleetSceneOptions): Promise<FleetScene> => {
  const folder = await mkdtemp(join(tmpdir(), 'fleet-'));
  const workerToken = randomBytes(24).toString('base64url');
  const workers: FleetWorker[] = [];
  const others: (SpawnedWhatsapp | SpawnedGateway)[] = [];
  const close = async (): Promise<void> => {
    const runners = (await Promise.all(workers.map(async (worker) => runnersOf(worker)))).flat();
    await Promise.all(workers.map(async (worker) => worker.process.stop()));
    for (const other of others.toReversed()) await other.stop();
    await rm(folder, { recursive: true, force: true });
    const left = runners.flatMap(({ pid }) => pid ?? []).filter(isRunning);
    if (left.length > 0) throw new Error(`runners outlived their worker: ${left.join(', ')}`);
  };
  const kept = async <T extends SpawnedWhatsapp | SpawnedGateway>(starting: Promise<T>): Promise<T> => {
    const started = await starting;
    others.push(started);
    return started;
  };
  const startWorker = async (id: string, surroundings: Record<string, string>): Promise<void> => {
    const start = async (): Promise<WorkerProcess> =>
      WorkerProcess.start({
        dataDir: join(folder, id),
        env: { WORKER_ID: id, WORKER_AUTH_TOKEN: workerToken, ...surroundings, ...env },
        onLog: (line) => onLog?.(id, line),
      });
    const worker: FleetWorker = {
      id,
      process: await start(),
      restart: async () => {
        worker.process = await start();
      },
    };
    workers.push(worker);
  };

  try {
    const [whatsapp, gateway] = await all([kept(spawnWhatsapp()), kept(spawnGateway({ workerToken, staleMs }))]);
    const backend = { BACKEND_URL: gateway.url, HEARTBEAT_INTERVAL_MS: String(HEARTBEAT_INTERVAL_MS), WORKER_HOST: '127.0.0.1' };
    await all(workerIds.map(async (id) => startWorker(id, { ...whatsapp.env, ...backend })));
    workers.sort((one, other) => workerIds.indexOf(one.id) - workerIds.indexOf(other.id));
    const user = await GatewayUser.login(gateway.url, DEFAULT_ADMIN);
    return { whatsapp, phones: whatsapp.client, gateway, user, workers, folder, staleMs, close };
  } catch (error) {
    await close();
    throw error;
  }
};

/** Like Promise.all, but rejects only when none is under way any more, so that nothing starts after the end. */
const all = async <T extends readonly unknown[] | []>(promises: T): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> => {
  await Promise.allSettled(promises);
  return Promise.all(promises);
};

/** A Ctrl-C reaches the workers too: then they are going already and answer no more. */
const runnersOf = async ({ process }: FleetWorker): Promise<RunnerFacts[]> =>
  process.isRunning ? process.runners().catch((): RunnerFacts[] => []) : [];
