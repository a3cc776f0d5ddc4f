import { randomUUID } from 'node:crypto';
import { SealedRowError } from './row-cipher.js';
import { LAST_CHANGE, META } from './rows.js';
import { StoreRefusedError } from './store-refused-error.js';
import type { StoreOptions } from './store-options.js';
import { Store, type Write } from './store.js';

/** What a store holds, and how older ones become it. */
export interface Schema {
  version: number;
  tables: readonly string[];
  /** Encrypted at rest when there is a key. */
  sealed: readonly string[];
  /** Replicated to the object store. */
  tracked: readonly string[];
  /** See `StoreOptions`. */
  copies?: Readonly<Record<string, string>>;
  /** See `StoreOptions`. */
  recent?: StoreOptions['recent'];
  /** Oldest version that differs from this one only by tables it lacks: who reads such a store need not wait until it is brought forward. */
  readableFrom?: number;
  /**
   * By the version they lead to: batches of writes that turn rows of the version before into rows of this one. Each batch is committed
   * before the next is asked for, and all are made again after a crash.
   */
  migrations: Readonly<Record<number, (store: Store) => Iterable<Write[]>>>;
}

const SCHEMA_VERSION = ['schemaVersion'];
const SEALS = ['seals'];
const TRACKED_SINCE = ['trackedSince'];
const BATCH = 500;

export interface OpenOptions extends Pick<StoreOptions, 'cipher' | 'maxBytes' | 'onTrouble' | 'onLost'> {
  /** Whether the changes are wanted, which is so when there is an object store. */
  track: boolean;
}

/**
 * Opens the store in folder `path` and brings it to `schema`: rows of older versions are migrated, rows not sealed with the first key are
 * sealed anew. A store written by a newer program is refused, never changed.
 * @throws StoreRefusedError
 */
export const openStore = async (path: string, schema: Schema, { track, ...options }: OpenOptions): Promise<Store> => {
  const { tables, sealed, copies, recent } = schema;
  const store = new Store(path, { ...options, tables, sealed, copies, recent, tracked: track ? schema.tracked : [] });
  try {
    // What refuses a store comes first: until then nothing is changed. Then tracking, because the changes that follow belong into the log.
    assertVersion(store, path, schema);
    assertKeys(store, options.cipher);
    await (track ? beginTracking(store) : endTracking(store));
    await migrate(store, schema);
    await seal(store, schema, options.cipher);
    return store;
  } catch (error) {
    await store.close();
    throw error instanceof SealedRowError ? new StoreRefusedError(error.message, { cause: error }) : error;
  }
};

/** Names the time since which every change was tracked; another one means that changes may be missing. */
export const trackedSince = (store: Pick<Store, 'get'>): string | undefined => store.get<string>(META, TRACKED_SINCE);

/** Undefined for a store that was only begun. */
export const schemaVersionOf = (store: Pick<Store, 'get'>): number | undefined => store.get<number>(META, SCHEMA_VERSION);

/** Whether the rows of a store of this version, which may not have been opened for long, read like those of `schema`. */
export const isReadable = (found: number | undefined, { version, readableFrom = version }: Schema): boolean =>
  found !== undefined && found >= readableFrom && found <= version;

/** Keys that rows of the store may be sealed with, by their ids, and whether every row that should be is sealed with the last of them. */
interface Seals {
  keyIds: string[];
  complete: boolean;
}

const assertVersion = (store: Store, path: string, { version }: Schema): void => {
  const found = schemaVersionOf(store);
  if (found !== undefined && found > version) {
    throw new StoreRefusedError(`The store in ${path} has schema version ${found}, this program knows ${version}; run the newer program.`);
  }
};

const assertKeys = (store: Store, cipher: StoreOptions['cipher']): void => {
  const missing = store.get<Seals>(META, SEALS)?.keyIds.find((keyId) => !cipher?.knows(keyId));
  if (missing === undefined) return;
  throw new StoreRefusedError(
    cipher
      ? `The credentials are encrypted with key ${missing}, which is not among AUTH_ENCRYPTION_KEY; add it after the new one.`
      : 'The credentials are encrypted; set AUTH_ENCRYPTION_KEY to the key they were encrypted with.',
  );
};

const migrate = async (store: Store, { version, migrations }: Schema): Promise<void> => {
  const found = schemaVersionOf(store);
  for (let next = (found ?? version) + 1; next <= version; next++) {
    for (const batch of migrations[next]?.(store) ?? []) await store.commit(batch);
    await store.commit([{ table: META, key: SCHEMA_VERSION, value: next }]);
  }
  if (found === undefined) await store.commit([{ table: META, key: SCHEMA_VERSION, value: version }]);
};

/** The key is noted before the first row that needs it: a store left half sealed is not taken for a clear one. */
const seal = async (store: Store, { sealed }: Schema, cipher: StoreOptions['cipher']): Promise<void> => {
  if (!cipher) return;
  const { keyId } = cipher;
  const before = store.get<Seals>(META, SEALS) ?? { keyIds: [], complete: true };
  if (before.complete && before.keyIds.at(-1) === keyId) return;
  const begun: Seals = { keyIds: [...before.keyIds.filter((other) => other !== keyId), keyId], complete: false };
  await store.commit([{ table: META, key: SEALS, value: begun }]);
  for (const table of sealed) {
    let batch: Write[] = [];
    for (const { key, value } of store.range(table)) {
      batch.push({ table, key, value });
      if (batch.length < BATCH) continue;
      await store.commit(batch);
      batch = [];
    }
    await store.commit(batch);
  }
  await store.commit([{ table: META, key: SEALS, value: { keyIds: [keyId], complete: true } satisfies Seals }]);
};

const beginTracking = async (store: Store): Promise<void> => {
  if (trackedSince(store) !== undefined) return;
  await store.trimChanges(Infinity);
  await store.commit([{ table: META, key: TRACKED_SINCE, value: randomUUID() }]);
};

/** First the mark, so that a log that is no longer complete is never taken for one that is; what a kill leaves of it goes at the next start. */
const endTracking = async (store: Store): Promise<void> => {
  if (trackedSince(store) !== undefined) {
    await store.commit([
      { table: META, key: TRACKED_SINCE, value: undefined },
      { table: META, key: LAST_CHANGE, value: undefined },
    ]);
  }
  await store.trimChanges(Infinity);
};
