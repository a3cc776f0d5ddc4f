// A scene whose worker has a real object store behind it.
import { rm } from 'node:fs/promises';
import type { OwnObjectServer } from './object-servers/object-server.js';
import { openScene, type Scene, type SceneOptions } from './scene.js';
import { until, type WorkerProcess } from './worker-process.js';

export interface ObjectScene extends Scene {
  server: OwnObjectServer;
  /** Kills the worker, forgets its disk and starts it anew, as after the loss of a machine. */
  loseMachine: () => Promise<WorkerProcess>;
  /** What `GET /storage` says. */
  storage: () => Promise<StorageFacts>;
  /** Resolves when the object store has every change. */
  untilShipped: () => Promise<void>;
  /** Resolves when nothing is wrong with the object store as the worker sees it. */
  untilWell: () => Promise<void>;
}

export interface StorageFacts {
  mode: string;
  state: string;
  lagMs: number;
  changesWaiting: number;
  sessionsDirty: number;
  mediaWaiting: number;
  sentence: string | null;
}

/** The variables that point a worker at the server. */
export const environmentOf = ({ endpoint, accessKey, secretKey, bucket, region }: OwnObjectServer): Record<string, string> => ({
  MINIO_ENDPOINT: endpoint,
  MINIO_ACCESS_KEY: accessKey,
  MINIO_SECRET_KEY: secretKey,
  MINIO_BUCKET_NAME: bucket,
  MINIO_REGION: region,
  REPLICATION_INTERVAL_MS: '300',
});

/** Resolves when the worker has got its sessions back. */
export const untilServing = async (worker: WorkerProcess): Promise<void> =>
  until(
    async () => (await worker.call('GET', '/storage'))['state'] !== 'restoring',
    60_000,
    () => 'the worker did not get its sessions back',
  );

/** Takes the server over: `close` ends it. */
export const openObjectScene = async (server: OwnObjectServer, options: SceneOptions = {}): Promise<ObjectScene> => {
  const scene = await openScene({ ...options, env: { WORKER_ID: 'worker-a', ...environmentOf(server), ...options.env } }).catch(
    async (error: unknown) => {
      await server.stop();
      throw error;
    },
  );
  const storage = async (): Promise<StorageFacts> => (await scene.worker.call('GET', '/storage')) as unknown as StorageFacts;
  await untilServing(scene.worker);
  return Object.assign(scene, {
    server,
    storage,
    untilShipped: async () => {
      await until(
        async () => (await storage()).changesWaiting === 0,
        60_000,
        () => 'the object store did not get every change',
      );
    },
    untilWell: async () => {
      let facts: StorageFacts | undefined;
      await until(
        async () => (facts = await storage()).state === 'ok',
        60_000,
        () => `the worker does not find the object store well again: ${JSON.stringify(facts)}`,
      );
    },
    loseMachine: async () => {
      await scene.worker.kill();
      await rm(scene.dataDir, { recursive: true, force: true });
      await scene.restartWorker();
      await untilServing(scene.worker);
      return scene.worker;
    },
    close: closeBoth(scene.close.bind(scene), server),
  });
};

const closeBoth = (close: () => Promise<void>, server: OwnObjectServer) => async (): Promise<void> => {
  try {
    await close();
  } finally {
    await server.stop();
  }
};
