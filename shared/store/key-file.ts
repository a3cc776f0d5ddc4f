// Keys of one session as one object, beside its credentials: rows as their store holds them, which is the least work, and random bytes get no
// smaller.
import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { isSealed, SealedRowError, sealedWith, type RowCipher } from './row-cipher.js';
import { placeOf } from './rows.js';
import { DamagedError } from './sealed-json.js';
import { SLOT_TABLES } from './slot-store.js';
import type { Store, Write } from './store.js';

export const PRE_KEY = 'pre-key';

/** Which object holds the keys; its checksum is its name. */
export const KeyFileRef = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), generation: z.number().int() });
export type KeyFileRef = z.infer<typeof KeyFileRef>;

export type KeyName = [type: string, id: string];
export type KeyRow = [...KeyName, value: Uint8Array];

export interface KeyFile {
  sessionId: string;
  workerId: string;
  /** Journal number whose changes it includes. */
  generation: number;
  rows: KeyRow[];
}

const packr = new Packr({ useRecords: false });
const MAGIC = Buffer.from('WGP1');

/** Hundreds of pre-keys need not say what they are. */
type StoredRow = KeyRow | [id: string, value: Uint8Array];
const toStored = (row: KeyRow): StoredRow => (row[0] === PRE_KEY ? [row[1], row[2]] : row);
const fromStored = (row: StoredRow): KeyRow => (row.length === 2 ? [PRE_KEY, ...row] : row);

const isRow = (row: unknown): boolean =>
  Array.isArray(row) &&
  (row.length === 2 || row.length === 3) &&
  row.every((part, index) => (index === row.length - 1 ? part instanceof Uint8Array : typeof part === 'string'));
const Shape = z.object({
  sessionId: z.string(),
  workerId: z.string(),
  generation: z.number().int(),
  rows: z.custom<StoredRow[]>((rows) => Array.isArray(rows) && rows.every(isRow)),
});

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const packKeys = (file: KeyFile): { object: Buffer; ref: KeyFileRef } => {
  const object = Buffer.concat([MAGIC, packr.pack({ ...file, rows: file.rows.map(toStored) })]);
  return { object, ref: { sha256: sha256Of(object), generation: file.generation } };
};

/** @throws DamagedError, SealedRowError when its rows are encrypted with a key that is not there */
export const openKeys = (object: Buffer, ref: KeyFileRef, sessionId: string, cipher: RowCipher | undefined): KeyRow[] => {
  if (sha256Of(object) !== ref.sha256) throw new DamagedError('the checksum does not fit the content');
  if (!object.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedError('no object of keys');
  const parsed = Shape.safeParse(packr.unpack(object.subarray(MAGIC.length)));
  if (!parsed.success || parsed.data.sessionId !== sessionId || parsed.data.generation !== ref.generation)
    throw new DamagedError('the content has another shape', { cause: parsed.error });
  const rows = parsed.data.rows.map(fromStored);
  // A store seals all of its rows with one key.
  const [first] = rows;
  if (first && isSealed(first[2])) {
    if (!cipher) throw new SealedRowError('The keys of sessions in the object store are encrypted and AUTH_ENCRYPTION_KEY is not set.');
    cipher.open(first[2], placeOf(SLOT_TABLES.keys, [sessionId, first[0], first[1]]));
  }
  return rows;
};

/** Id of the key that the rows are encrypted with. */
export const sealingKey = ([first]: readonly KeyRow[]): string | undefined => first && sealedWith(first[2]);

/** The rows of a slot's store that hold the same, without those that are gone since. */
export const keyWrites = (
  store: Pick<Store, 'decode'>,
  sessionId: string,
  rows: readonly KeyRow[],
  gone: readonly KeyName[] = [],
): Write[] => {
  const left = new Set(gone.map(nameOf));
  return rows
    .filter(([type, id]) => !left.has(nameOf([type, id])))
    .map(([type, id, value]) => {
      const key = [sessionId, type, id];
      return { table: SLOT_TABLES.keys, key, value: store.decode(SLOT_TABLES.keys, key, Buffer.from(value)) };
    });
};

/** Types have no slash. */
export const nameOf = ([type, id]: KeyName): string => `${type}/${id}`;
