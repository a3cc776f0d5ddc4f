import { ownServers } from '../support/object-servers/find.js';
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

/** Starts a store of its own behind a proxy that can make it look ill. */
export const startStore = async (name: StoreName): Promise<StoreUnderTest> => {
  if (name === 'none') return noStore;
  const server = await ownServers()
    .find((candidate) => candidate.name === SERVERS[name])
    ?.start();
  if (!server) throw new Error(`there is no ${name} on this machine`);
  const proxy = await FaultProxy.start(server.port);
  let condition: StoreCondition = 'well';
  return {
    name,
    env: {
      MINIO_ENDPOINT: proxy.endpoint,
      MINIO_ACCESS_KEY: server.accessKey,
      MINIO_SECRET_KEY: server.secretKey,
      MINIO_BUCKET_NAME: server.bucket,
      MINIO_REGION: server.region,
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
    stop: async () => {
      await proxy.stop();
      await server.stop();
    },
  };
};
