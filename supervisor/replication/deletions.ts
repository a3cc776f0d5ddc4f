import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';

const BATCH = 500;

/** Removes every object of a session. May be repeated. @throws ObjectStoreError */
export const removeObjects = async (objects: ObjectStore, sessionId: string): Promise<void> => {
  for (const prefix of [KEYS.session(sessionId), KEYS.media(sessionId)]) {
    let batch: string[] = [];
    for await (const { key } of objects.list(prefix)) {
      batch.push(key);
      if (batch.length < BATCH) continue;
      await objects.delete(batch);
      batch = [];
    }
    if (batch.length > 0) await objects.delete(batch);
  }
};
