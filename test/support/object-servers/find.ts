// The real servers that are on this machine, or the one that MINIO_* names.
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startMinio } from './minio.js';
import type { ObjectServer, OwnObjectServer } from './object-server.js';
import { startRgw } from './rgw.js';

interface Found<Server> {
  name: string;
  start: () => Promise<Server>;
}

/** What to do when there is none; for the name of a skipped test. */
export const HOW_TO_INSTALL = 'no S3 server found: .ci/install-object-stores installs some';

const CACHE = resolve('.cache');

/** Servers that a test starts, breaks and ends. */
export const ownServers = (env: NodeJS.ProcessEnv = process.env): Found<OwnObjectServer>[] => {
  const rgwRoot = env['RGW_ROOT'] ?? join(CACHE, 'rgw/root');
  const minio = env['MINIO_BINARY'] ?? join(CACHE, 'minio/minio');
  return [
    ...(existsSync(join(rgwRoot, 'usr/bin/radosgw')) ? [{ name: 'Ceph RGW', start: async () => startRgw(rgwRoot) }] : []),
    ...(existsSync(minio) ? [{ name: 'MinIO', start: async () => startMinio(minio) }] : []),
  ];
};

/** With TEST_S3=1 only the server that MINIO_* names: nobody may break that one. */
export const servers = (env: NodeJS.ProcessEnv = process.env): Found<ObjectServer>[] => {
  if (env['TEST_S3'] !== '1') return ownServers(env);
  const named: ObjectServer = {
    endpoint: env['MINIO_ENDPOINT'] ?? '',
    accessKey: env['MINIO_ACCESS_KEY'] ?? '',
    secretKey: env['MINIO_SECRET_KEY'] ?? '',
    region: env['MINIO_REGION'] ?? 'us-east-1',
    useSsl: env['MINIO_USE_SSL'] === 'true',
    bucket: env['MINIO_BUCKET_NAME'] ?? '',
    stop: async () => Promise.resolve(),
  };
  return [{ name: named.endpoint, start: async () => Promise.resolve(named) }];
};
