// Wires the object store to the rest of the supervisor.
import { messageOf } from '../../shared/errors.js';
import { EXIT } from '../../shared/exit-codes.js';
import type { Logger } from '../../shared/logging.js';
import { DiskObjectStore } from '../../shared/object-store/disk-object-store.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import type { Store } from '../../shared/store/store.js';
import type { Config } from '../config.js';
import type { Fleet } from '../fleet/fleet.js';
import type { SlotReaders } from '../slot-readers.js';
import { Replication } from './replication.js';

export type ObjectStoreOptions = NonNullable<Config['objectStore']>;

/** The client of S3 is loaded only where it is wanted: it takes memory. */
export const openObjectStore = async (options: ObjectStoreOptions): Promise<ObjectStore> => {
  if ('folder' in options) return new DiskObjectStore(options.folder);
  const { S3ObjectStore } = await import('../../shared/object-store/s3-object-store.js');
  return new S3ObjectStore(options);
};

export interface ReplicationParts {
  config: Config;
  store: Store;
  readers: SlotReaders;
  objects: ObjectStore;
  cipher: RowCipher | undefined;
  fleet: Fleet;
  log: Logger;
  onFatal: (why: string, code: number) => void;
}

export const createReplication = ({ config, store, readers, objects, cipher, fleet, log, onFatal }: ReplicationParts): Replication =>
  new Replication({
    ...{ workerId: config.workerId, store, dataDir: config.dataDir, readers, objects, cipher, log },
    roomPerSlot: config.runnerMaxSessions,
    intervalMs: config.replicationIntervalMs,
    checkpointMs: config.checkpointIntervalMs,
    trimSlot: (slot, to) => {
      if (!fleet.views().some((view) => view.slot === slot && view.state === 'ready')) return;
      fleet.call(slot, 'store.trim', { to }).catch((error: unknown) => {
        log.debug({ runnerId: slot, cause: messageOf(error) }, 'a change log could not be trimmed yet');
      });
    },
    onRefused: (why) => {
      onFatal(why, EXIT.config);
    },
  });
