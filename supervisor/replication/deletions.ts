import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import { readSessionData } from './session-files.js';

const BATCH = 500;

const belongsToAnother = (body: Buffer, workerId: string, sessionId: string): boolean => {
  try {
    return readSessionData(body, sessionId).workerId !== workerId;
  } catch (error) {
    // Damaged: then it can only be told by its place.
    if (error instanceof DamagedError) return false;
    throw error;
  }
};

/**
 * Removes every object of a session, unless another worker has a session of this id by now. May be repeated.
 * @throws ObjectStoreError
 */
export const removeObjects = async (objects: ObjectStore, workerId: string, sessionId: string): Promise<void> => {
  const data = await objects.get(KEYS.sessionData(sessionId));
  if (data && belongsToAnother(data.body, workerId, sessionId)) return;
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
