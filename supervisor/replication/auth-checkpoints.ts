// Credentials, keys and pre-keys of sessions in the object store.
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { packAuth } from '../../shared/store/auth-file.js';
import { readPacked } from '../../shared/store/packed-session.js';
import { packPreKeys } from '../../shared/store/pre-key-file.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import type { Write } from '../../shared/store/store.js';
import type { SessionRow } from '../supervisor-store.js';
import { anyUnshipped, authOfRows, preKeyIds, preKeyRows, readAuth, type Auth } from './auth-rows.js';
import type { Progress, SavedPreKeys } from './progress.js';

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
interface Snapshot extends Auth {
  /** What holds the pre-keys; undefined when there are none, or `keys` has them. */
  preKeys: { saved: SavedPreKeys; used: string[]; /** Still to be put. */ object: Buffer | undefined } | undefined;
}

export class AuthCheckpoints {
  readonly #options: AuthCheckpointsOptions;

  constructor(options: AuthCheckpointsOptions) {
    this.#options = options;
  }

  /** @param generation journal number whose changes are in the store @throws ObjectStoreError, SealedRowError */
  async write(row: SessionRow, generation: number): Promise<Written> {
    const { workerId, objects, progress, cipher } = this.#options;
    const { sessionId } = row;
    const found = await this.#read(row, generation);
    if (!found) {
      if (progress.checkpointed(sessionId)?.hasAuth ?? true) await this.#removeBut(sessionId, []);
      return { hasAuth: false, writes: progress.savePreKeys(sessionId, undefined) };
    }
    const { creds, keys, preKeys } = found;
    const file = { sessionId, workerId, generation, creds, keys, preKeys: preKeys?.saved, usedPreKeys: preKeys?.used };
    const packed = await packAuth(file, cipher);
    // What is named comes first, under a key of its own: whichever auth object is there, what it names is there too.
    if (preKeys?.object) await objects.put(KEYS.preKeys(sessionId, preKeys.saved.sha256), preKeys.object);
    await objects.put(KEYS.auth(sessionId), packed);
    if (!preKeys?.object) return { hasAuth: true, writes: [] };
    const before = progress.savedPreKeys(sessionId);
    // Whoever restores meanwhile may still go by the auth object before this one.
    const kept = [before, preKeys.saved].flatMap((saved) => (saved ? [KEYS.preKeys(sessionId, saved.sha256)] : []));
    if (before) await this.#removeBut(sessionId, [KEYS.auth(sessionId), ...kept]);
    return { hasAuth: true, writes: progress.savePreKeys(sessionId, preKeys.saved) };
  }

  /** Undefined for a session without credentials. */
  async #read({ sessionId, slot }: SessionRow, generation: number): Promise<Snapshot | undefined> {
    const reader = slot === undefined ? undefined : this.#options.reader(slot);
    if (!reader || slot === undefined) return undefined;
    reader.refresh();
    const packed = await readPacked(reader, sessionId, this.#options.cipher);
    if (packed) {
      const auth = authOfRows(packed);
      return auth && { ...auth, preKeys: undefined };
    }
    reader.refresh();
    const auth = readAuth(reader, sessionId);
    return auth && { ...auth, preKeys: this.#preKeys(reader, sessionId, slot, generation) };
  }

  /** Pre-keys never change once made: those that were only used since can stay where they are. */
  #preKeys(reader: StoreReader, sessionId: string, slot: number, generation: number): Snapshot['preKeys'] {
    const { workerId, progress, cipher } = this.#options;
    const saved = progress.savedPreKeys(sessionId);
    if (saved && saved.keyId === cipher?.keyId && progress.newPreKeys(sessionId) <= saved.generation) {
      const ids = preKeyIds(reader, sessionId);
      const used = saved.ids.filter((id) => !ids.has(id));
      const hasAll = saved.ids.length - used.length === ids.size;
      if (hasAll && !anyUnshipped(reader, progress, { sessionId, slot, ids })) return { saved, used, object: undefined };
    }
    const rows = preKeyRows(reader, sessionId);
    if (rows.length === 0) return undefined;
    const { object, ref } = packPreKeys({ sessionId, workerId, generation, rows });
    return { saved: { ...ref, ids: rows.map(([id]) => id), keyId: cipher?.keyId }, used: [], object };
  }

  async #removeBut(sessionId: string, kept: readonly string[]): Promise<void> {
    const { objects } = this.#options;
    const keys = [];
    for await (const { key } of objects.list(KEYS.authFolder(sessionId))) if (!kept.includes(key)) keys.push(key);
    if (keys.length > 0) await objects.delete(keys);
  }
}
