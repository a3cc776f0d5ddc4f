// One session as its files in the object store have it, each verified before it is used.
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { verifyAuth } from '../../shared/store/auth-file.js';
import { openKeys, type KeyFileRef } from '../../shared/store/key-file.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import { savedKeys, type SavedKeys } from './saved-keys.js';
import { readSends, readSessionData, withCheckpoint, type SendsFile, type SessionData } from './session-files.js';

export interface SessionFiles {
  sessionId: string;
  /** Undefined when the session has no files yet, or they are damaged. */
  data: SessionData | undefined;
  auth:
    | {
        object: Buffer;
        generation: number;
        /** The object of keys it names; `saved` when later checkpoints can do so too. */
        keys: { object: Buffer; saved: SavedKeys | undefined } | undefined;
      }
    | undefined;
  sends: SendsFile | undefined;
  /** Keys of objects that cannot be used. */
  damaged: { key: string; why: string }[];
}

/** Undefined when the session belongs to another worker. @throws ObjectStoreError, SealedRowError when a key to decrypt with is missing */
export const readSessionFiles = async (
  objects: ObjectStore,
  workerId: string,
  sessionId: string,
  cipher: RowCipher | undefined,
): Promise<SessionFiles | undefined> => {
  const damaged: SessionFiles['damaged'] = [];
  /** @param required a missing object is as bad as a damaged one */
  const read = async <T>(key: string, required: boolean, open: (body: Buffer) => T | Promise<T>): Promise<T | undefined> => {
    const object = await objects.get(key);
    if (!object) {
      if (required) damaged.push({ key, why: 'it is missing' });
      return undefined;
    }
    try {
      return await open(object.body);
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      damaged.push({ key, why: error.message });
      return undefined;
    }
  };
  let data = await read(KEYS.sessionData(sessionId), false, (body) => (isForeign(body) ? undefined : readSessionData(body, sessionId)));
  if (data && data.workerId !== workerId) return undefined;
  const readKeys = async ({ key, ...ref }: KeyFileRef & { key: string }) =>
    read(key, true, (object) => {
      const rows = openKeys(object, ref, sessionId, cipher);
      return { object, saved: key === KEYS.keys(sessionId, ref.sha256) ? savedKeys(ref, rows, object.length) : undefined };
    });
  const readAuth = async (): Promise<SessionFiles['auth']> => {
    const auth = await read(KEYS.auth(sessionId), true, async (object) => {
      const head = await verifyAuth(object, sessionId, cipher);
      data &&= withCheckpoint(data, head.checkpoint, head.generation);
      return { object, generation: head.generation, keys: head.keys };
    });
    if (!auth?.keys) return auth && { ...auth, keys: undefined };
    const keys = await readKeys(auth.keys);
    return keys && { ...auth, keys };
  };
  const auth = data?.hasAuth ? await readAuth() : undefined;
  const sends = data?.hasSends ? await read(KEYS.sends(sessionId), true, async (body) => readSends(body, sessionId)) : undefined;
  return { sessionId, data, auth, sends, damaged };
};

/** Sound JSON that makes no claim to be ours: what a program that follows the guide's sample wrote. */
const isForeign = (body: Buffer): boolean => {
  try {
    const content: unknown = JSON.parse(body.toString());
    return typeof content === 'object' && content !== null && !('sha256' in content);
  } catch (error) {
    if (error instanceof SyntaxError) return false;
    throw error;
  }
};
