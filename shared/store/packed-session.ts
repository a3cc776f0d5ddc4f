// A restored session lies packed in its slot's store, as it came from the object store, until its runner opens it.
import { authWrites, goneOf, unpackAuth } from './auth-file.js';
import type { RawRow } from './change-log.js';
import { keyWrites, openKeys } from './key-file.js';
import type { RowCipher } from './row-cipher.js';
import { DamagedError } from './sealed-json.js';
import { SLOT_TABLES } from './slot-store.js';
import type { Store, Write } from './store.js';

type PackedRow = [table: string, key: (string | number)[], value: Uint8Array | null];

const KEY_OBJECT = -1;
const AUTH_OBJECT = 0;

/** The row [sessionId, 0]: the auth object. */
export const packedAuth = (sessionId: string, object: Buffer): Write => ({
  table: SLOT_TABLES.packed,
  key: [sessionId, AUTH_OBJECT],
  value: object,
});

/** The row [sessionId, -1]: the object of keys that the auth object names. */
export const packedKeys = (sessionId: string, object: Buffer): Write => ({
  table: SLOT_TABLES.packed,
  key: [sessionId, KEY_OBJECT],
  value: object,
});

/** A row [sessionId, n]: rows that changed after the auth object and after lower `n`. */
export const packedChanges = (sessionId: string, n: number, rows: readonly RawRow[]): Write => ({
  table: SLOT_TABLES.packed,
  key: [sessionId, n],
  value: rows.map(({ table, key, value }): PackedRow => [table, [...key], value ?? null]),
});

/** What is packed of a session, as rows; undefined when nothing is. @throws DamagedError, SealedRowError */
export const readPacked = async (
  store: Pick<Store, 'range' | 'decode'>,
  sessionId: string,
  cipher: RowCipher | undefined,
): Promise<Write[] | undefined> => {
  const packed = [...store.range<Uint8Array | PackedRow[]>(SLOT_TABLES.packed, { prefix: [sessionId] })];
  if (packed.length === 0) return undefined;
  const rows = new Map<string, Write>();
  let keys: Uint8Array | undefined;
  const unpackObjects = async (object: Uint8Array): Promise<Write[]> => {
    const auth = await unpackAuth(Buffer.from(object), sessionId, cipher);
    const ref = auth.olderKeys ?? auth.preKeys;
    if (!ref) return authWrites(auth);
    if (!keys) throw new DamagedError('the keys are missing');
    return [...keyWrites(store, sessionId, openKeys(Buffer.from(keys), ref, sessionId, cipher), goneOf(auth)), ...authWrites(auth)];
  };
  for (const { key, value } of packed) {
    if (value instanceof Uint8Array && key[1] === KEY_OBJECT) {
      keys = value;
      continue;
    }
    const writes =
      value instanceof Uint8Array
        ? await unpackObjects(value)
        : value.map(([table, place, bytes]) => ({
            table,
            key: place,
            value: bytes ? store.decode(table, place, Buffer.from(bytes)) : undefined,
          }));
    for (const write of writes) rows.set(JSON.stringify([write.table, ...write.key]), write);
  }
  return [...rows.values()];
};

/** Turns what is packed into rows, in one commit. @throws DamagedError, SealedRowError */
export const unpackSession = async (store: Store, sessionId: string, cipher: RowCipher | undefined): Promise<void> => {
  const rows = await readPacked(store, sessionId, cipher);
  if (!rows) return;
  const packed = [...store.range(SLOT_TABLES.packed, { prefix: [sessionId] })];
  const removals = packed.map(({ key }) => ({ table: SLOT_TABLES.packed, key, value: undefined }));
  await store.commit([...rows, ...removals], { tracked: false });
};
