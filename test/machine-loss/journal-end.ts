// What the bucket had of a worker in the moment its machine was lost.
import { KEYS } from '../../shared/object-store/keys.js';
import { S3ObjectStore } from '../../shared/object-store/s3-object-store.js';
import { decodeEntry } from '../../supervisor/replication/journal-entry.js';
import type { OwnObjectServer } from '../support/object-servers/object-server.js';

export interface JournalEnd {
  objects: number;
  /** Unix milliseconds: what was committed before is in the bucket. */
  at: number;
  /** From the reading of the changes to the object being there. */
  slowestPutMs: number;
  /** Between two objects. */
  longestPauseMs: number;
}

export const readJournalEnd = async (server: OwnObjectServer, workerId: string): Promise<JournalEnd> => {
  const bucket = new S3ObjectStore(server);
  try {
    const end: JournalEnd = { objects: 0, at: 0, slowestPutMs: 0, longestPauseMs: 0 };
    for await (const { key, modifiedAt } of bucket.list(KEYS.entries(workerId))) {
      const object = await bucket.get(key);
      if (!object) continue;
      const { at } = await decodeEntry(object.body);
      if (end.objects > 0) end.longestPauseMs = Math.max(end.longestPauseMs, at - end.at);
      end.objects++;
      end.at = at;
      end.slowestPutMs = Math.max(end.slowestPutMs, modifiedAt - at);
    }
    return end;
  } finally {
    await bucket.close();
  }
};
