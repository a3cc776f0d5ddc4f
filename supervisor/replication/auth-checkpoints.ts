// Credentials and keys of sessions in the object store.
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { packAuth, type AuthFile } from '../../shared/store/auth-file.js';
import { keyWrites, packKeys } from '../../shared/store/key-file.js';
import { readPacked } from '../../shared/store/packed-session.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import type { Write } from '../../shared/store/store.js';
import type { SessionRow } from '../supervisor-store.js';
import { anyUnshipped, authOfRows, keysOfRows, otherKeyRows, preKeyRows, usedPreKeys } from './auth-rows.js';
import type { Progress } from './progress.js';
import { changesSince, savedKeys, type SavedKeys } from './saved-keys.js';
import type { Checkpoint } from './session-files.js';

export interface AuthCheckpointsOptions {
  workerId: string;
  objects: ObjectStore;
  progress: Progress;
  /** The store of a slot, or undefined while it has none. */
  reader: (slot: number) => StoreReader | undefined;
  cipher: RowCipher | undefined;
}

interface Written {
  hasAuth: boolean;
  /** To be committed once all files of the session are written. */
  writes: Write[];
}

/** Credentials and keys as of one moment. */
interface Snapshot {
  /** What the auth object has beside its origin. */
  content: Omit<AuthFile, 'sessionId' | 'workerId' | 'generation' | 'checkpoint'>;
  /** What has the keys that are not in the auth object. */
  saved: SavedKeys | undefined;
  /** Still to be put. */
  object?: Buffer;
}

export class AuthCheckpoints {
  readonly #options: AuthCheckpointsOptions;

  constructor(options: AuthCheckpointsOptions) {
    this.#options = options;
  }

  /**
   * @param generation journal number whose changes are in the store
   * @param checkpoint of the session's other files, which are written by now
   * @throws ObjectStoreError, SealedRowError
   */
  async write(row: SessionRow, generation: number, checkpoint: Checkpoint): Promise<Written> {
    const { workerId, objects, progress, cipher } = this.#options;
    const { sessionId } = row;
    const found = await this.#read(row, generation);
    if (!found) return { hasAuth: false, writes: progress.saveKeys(sessionId, undefined) };
    const { content, saved, object } = found;
    const packed = await packAuth({ sessionId, workerId, generation, ...content, checkpoint }, cipher);
    // What is named comes first, under a key of its own: whichever auth object is there, what it names is there too.
    if (saved && object) await objects.put(KEYS.keys(sessionId, saved.sha256), object);
    await objects.put(KEYS.auth(sessionId), packed);
    if (!saved || !object) return { hasAuth: true, writes: [] };
    const before = progress.savedKeys(sessionId);
    // Whoever restores meanwhile may still go by the auth object before this one.
    const kept = [before, saved].flatMap((keys) => (keys ? [KEYS.keys(sessionId, keys.sha256)] : []));
    if (before) await this.#removeBut(sessionId, [KEYS.auth(sessionId), ...kept]);
    return { hasAuth: true, writes: progress.saveKeys(sessionId, saved) };
  }

  /** Of a session without credentials, once nothing says any more that there are some. @throws ObjectStoreError */
  async remove(sessionId: string): Promise<void> {
    await this.#removeBut(sessionId, []);
  }

  /** Undefined for a session without credentials. */
  async #read({ sessionId, slot }: SessionRow, generation: number): Promise<Snapshot | undefined> {
    const reader = slot === undefined ? undefined : this.#options.reader(slot);
    if (!reader || slot === undefined) return undefined;
    reader.refresh();
    const packed = await readPacked(reader, sessionId, this.#options.cipher);
    if (packed) {
      const content = authOfRows(packed);
      return content && { content, saved: undefined };
    }
    reader.refresh();
    const creds = reader.get(SLOT_TABLES.creds, [sessionId]);
    return creds === undefined ? undefined : this.#readKeys({ reader, sessionId, slot, creds, generation });
  }

  /** Most keys stay as they are for long: those of contacts nobody writes to, and pre-keys until they are used. */
  #readKeys(from: { reader: StoreReader; sessionId: string; slot: number; creds: unknown; generation: number }): Snapshot {
    const { workerId, progress, cipher } = this.#options;
    const { reader, sessionId, creds, generation } = from;
    const others = otherKeyRows(reader, sessionId);
    const saved = progress.savedKeys(sessionId);
    if (saved && saved.generation >= progress.newPreKeys(sessionId) && saved.keyId === cipher?.keyId) {
      const used = usedPreKeys(reader, sessionId, saved.preKeys);
      const since = used && !anyUnshipped(progress, from, used) ? changesSince(saved, others) : undefined;
      if (since) {
        const keys = keysOfRows(keyWrites(reader, sessionId, since.changed));
        return { content: { olderKeys: saved, creds, keys, usedPreKeys: used, goneKeys: since.gone }, saved };
      }
    }
    const rows = [...preKeyRows(reader, sessionId), ...others];
    if (rows.length === 0) return { content: { creds, keys: {} }, saved: undefined };
    const { object, ref } = packKeys({ sessionId, workerId, generation, rows });
    return { content: { olderKeys: ref, creds, keys: {} }, saved: savedKeys(ref, rows, object.length), object };
  }

  async #removeBut(sessionId: string, kept: readonly string[]): Promise<void> {
    const { objects } = this.#options;
    const keys = [];
    for await (const { key } of objects.list(KEYS.authFolder(sessionId))) if (!kept.includes(key)) keys.push(key);
    if (keys.length > 0) await objects.delete(keys);
  }
}
