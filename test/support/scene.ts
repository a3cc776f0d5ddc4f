// A simulated WhatsApp and a worker that knows only its address.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { WhatsappClient } from '../whatsapp/client.js';
import { spawnWhatsapp, type SpawnedWhatsapp } from '../whatsapp/spawn-whatsapp.js';
import type { WhatsappOptions } from '../whatsapp/start-whatsapp.js';
import { identityOf, isAlive } from '../../shared/process-identity.js';
import type { RunnerFacts } from '../contract/runners-answer.js';
import { WorkerProcess, type WorkerOptions } from './worker-process.js';

export interface Scene {
  whatsapp: SpawnedWhatsapp;
  phones: WhatsappClient;
  dataDir: string;
  worker: WorkerProcess;
  /** Starts the worker again on the same data, after it ended. */
  restartWorker(): Promise<WorkerProcess>;
  /** Ends everything and removes its files. */
  close(): Promise<void>;
}

export interface SceneOptions {
  env?: Record<string, string>;
  whatsapp?: WhatsappOptions;
  /** For the runners, beside those that make them trust the simulated WhatsApp. */
  extraNodeOptions?: string[];
  onLog?: WorkerOptions['onLog'];
  /** Where the worker's data folder is made. */
  parentFolder?: string;
}

export const openScene = async ({
  env,
  whatsapp: whatsappOptions,
  extraNodeOptions = [],
  onLog,
  parentFolder = tmpdir(),
}: SceneOptions = {}): Promise<Scene> => {
  const dataDir = await mkdtemp(join(parentFolder, 'worker-'));
  const whatsapp = await spawnWhatsapp(whatsappOptions);
  const nodeOptions = [whatsapp.env['RUNNER_NODE_OPTIONS'] ?? '', ...extraNodeOptions].join(' ');
  const start = async (): Promise<WorkerProcess> =>
    WorkerProcess.start({ dataDir, env: { ...whatsapp.env, RUNNER_NODE_OPTIONS: nodeOptions, ...env }, ...(onLog && { onLog }) });
  const scene: Scene = {
    whatsapp,
    phones: whatsapp.client,
    dataDir,
    worker: await start(),
    restartWorker: async () => {
      scene.worker = await start();
      return scene.worker;
    },
    close: async () => {
      // A Ctrl-C reaches the worker too: then it is going already and answers no more.
      const runners = scene.worker.isRunning ? await scene.worker.runners().catch((): RunnerFacts[] => []) : [];
      await scene.worker.stop();
      await whatsapp.stop();
      await rm(dataDir, { recursive: true, force: true });
      const left = runners.flatMap(({ pid }) => pid ?? []).filter(isRunning);
      if (left.length > 0) throw new Error(`runners outlived their worker: ${left.join(', ')}`);
    },
  };
  return scene;
};

/** A session of the worker, linked to a phone of the simulated WhatsApp. */
export interface PairedSession {
  sessionId: string;
  number: string;
  jid: string;
}

/** Creates a session, lets a new phone scan its QR, and waits until it is connected. */
export const pair = async (scene: Pick<Scene, 'worker' | 'phones'>, sessionId: string): Promise<PairedSession> => {
  await scene.worker.create(sessionId);
  return pairCreated(scene, sessionId);
};

/** The same with a session that exists: a busy machine takes no more, and goes on with those it has. */
export const pairCreated = async (
  { worker, phones }: Pick<Scene, 'worker' | 'phones'>,
  sessionId: string,
  timeoutMs?: number,
): Promise<PairedSession> => {
  const qr = await worker.connectForQr(sessionId);
  const { number } = await phones.createPhone({ name: sessionId });
  await phones.scan(number, qr);
  await worker.untilStatus(sessionId, 'connected', timeoutMs);
  return { sessionId, number, jid: `${number}@s.whatsapp.net` };
};

/** True while a process with this pid exists, stopped ones included. */
export const isRunning = (pid: number): boolean => {
  const identity = identityOf(pid);
  return identity !== undefined && isAlive(identity);
};
