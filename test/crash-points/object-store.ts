import { ownServers } from '../support/object-servers/find.js';
import type { ObjectServer } from '../support/object-servers/object-server.js';
import { FaultProxy, type Fault } from '../support/object-servers/fault-proxy.js';
import { noStore, STORES, type StoreCondition, type StoreName, type StoreUnderTest } from './store-condition.js';

const FAULTS: Readonly<Record<StoreCondition, Fault>> = {
  well: 'pass',
  frozen: 'freeze',
  refusing: 'refuse',
  '503': 'answer-503',
  'half-answering': 'half-answer',
};

const SERVERS: Readonly<Record<Exclude<StoreName, 'none'>, string>> = { rgw: 'Ceph RGW', minio: 'MinIO' };

const found = (name: StoreName): boolean => name === 'none' || ownServers().some((server) => server.name === SERVERS[name]);

/** The store asked for, else the first one that is on this machine, else none. @throws when the one asked for is not there */
export const storeToUse = (wanted: StoreName | undefined): StoreName => {
  if (wanted !== undefined && !found(wanted)) throw new Error(`there is no ${wanted} on this machine`);
  return wanted ?? STORES.find((name) => name !== 'none' && found(name)) ?? 'none';
};

/** One object store, which each scene has for itself: a bucket, and a proxy that can make it look ill. */
export interface StoresUnderTest {
  name: StoreName;
  each: StoreUnderTest[];
  stop(): Promise<void>;
}

export const startStores = async (name: StoreName, scenes: number): Promise<StoresUnderTest> => {
  if (name === 'none') return { name, each: Array.from({ length: scenes }, () => noStore), stop: async () => Promise.resolve() };
  const server = await ownServers()
    .find((candidate) => candidate.name === SERVERS[name])
    ?.start();
  if (!server) throw new Error(`there is no ${name} on this machine`);
  const proxies: FaultProxy[] = [];
  for (let n = 0; n < scenes; n++) proxies.push(await FaultProxy.start(server.port));
  return {
    name,
    each: proxies.map((proxy, n) => storeBehind(proxy, server, `${server.bucket}-${n + 1}`)),
    stop: async () => {
      for (const proxy of proxies) await proxy.stop();
      await server.stop();
    },
  };
};

const storeBehind = (proxy: FaultProxy, { accessKey, secretKey, region }: ObjectServer, bucket: string): StoreUnderTest => {
  let condition: StoreCondition = 'well';
  return {
    env: {
      MINIO_ENDPOINT: proxy.endpoint,
      MINIO_ACCESS_KEY: accessKey,
      MINIO_SECRET_KEY: secretKey,
      MINIO_BUCKET_NAME: bucket,
      MINIO_REGION: region,
      MINIO_USE_SSL: 'false',
      // Often, so that kills find it.
      REPLICATION_INTERVAL_MS: '300',
      CHECKPOINT_INTERVAL_MS: '2000',
    },
    get condition() {
      return condition;
    },
    become: (next) => {
      proxy.set(FAULTS[next]);
      condition = next;
    },
  };
};
