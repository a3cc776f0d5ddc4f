// A MinIO server of the test's own, with one folder as its only drive.
import type { ChildProcess } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { OwnObjectServer } from './object-server.js';
import { freePort } from '../free-port.js';
import { endServer, spawnServer, untilReady } from './server-process.js';

const ACCESS = { accessKey: 'gateway-test-key', secretKey: 'gateway-test-secret', region: 'us-east-1' };

export const startMinio = async (binary: string): Promise<OwnObjectServer> => {
  const folder = mkdtempSync(join(tmpdir(), 'minio-'));
  const port = await freePort();
  const endpoint = `127.0.0.1:${port}`;
  const logFile = join(folder, 'log');
  const drive = join(folder, 'drive');
  mkdirSync(drive);
  const env = {
    PATH: '/usr/bin:/bin',
    HOME: folder,
    MINIO_ROOT_USER: ACCESS.accessKey,
    MINIO_ROOT_PASSWORD: ACCESS.secretKey,
    MINIO_REGION_NAME: ACCESS.region,
    MINIO_BROWSER: 'off',
    // It would ask the internet for news.
    MINIO_UPDATE: 'off',
  };
  let server: ChildProcess;
  const startGateway = async (): Promise<void> => {
    server = spawnServer(binary, ['server', '--quiet', '--address', endpoint, '--certs-dir', folder, drive], env, logFile);
    await untilReady(server, logFile, async () => isReady(endpoint));
  };
  const stop = async (): Promise<void> => {
    await endServer(server);
    rmSync(folder, { recursive: true, force: true });
  };
  await startGateway().catch(async (error: unknown) => {
    await stop();
    throw error;
  });
  return {
    ...ACCESS,
    endpoint,
    port,
    useSsl: false,
    bucket: 'gateway-test',
    startGateway,
    stopGateway: async () => endServer(server),
    freeze: () => void server.kill('SIGSTOP'),
    thaw: () => void server.kill('SIGCONT'),
    stop,
  };
};

/** It listens a while before it can serve. */
const isReady = async (endpoint: string): Promise<boolean> => {
  try {
    return (await fetch(`http://${endpoint}/minio/health/ready`)).ok;
  } catch (error) {
    if (error instanceof TypeError) return false;
    throw error;
  }
};
