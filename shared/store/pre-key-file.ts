// The pre-keys of one session as one object, beside its other credentials: rows as their store holds them, since random bytes get no smaller.
import { createHash } from 'node:crypto';
import { Packr } from 'msgpackr';
import { z } from 'zod';
import { isSealed, SealedRowError, sealedWith, type RowCipher } from './row-cipher.js';
import { placeOf } from './rows.js';
import { DamagedError } from './sealed-json.js';
import { SLOT_TABLES } from './slot-store.js';
import type { Store, Write } from './store.js';

export const PRE_KEY = 'pre-key';

/** Which object holds the pre-keys; its checksum is its name. */
export const PreKeyRef = z.object({ sha256: z.string().regex(/^[0-9a-f]{64}$/), generation: z.number().int() });
export type PreKeyRef = z.infer<typeof PreKeyRef>;

export type PreKeyRow = [id: string, value: Uint8Array];

export interface PreKeyFile {
  sessionId: string;
  workerId: string;
  /** Journal number whose changes it includes. */
  generation: number;
  rows: PreKeyRow[];
}

const packr = new Packr({ useRecords: false });
const MAGIC = Buffer.from('WGP1');

const isRow = (row: unknown): boolean => Array.isArray(row) && typeof row[0] === 'string' && row[1] instanceof Uint8Array;
const Shape: z.ZodType<PreKeyFile> = z.object({
  sessionId: z.string(),
  workerId: z.string(),
  generation: z.number().int(),
  rows: z.custom<PreKeyRow[]>((rows) => Array.isArray(rows) && rows.every(isRow)),
});

const sha256Of = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

export const packPreKeys = (file: PreKeyFile): { object: Buffer; ref: PreKeyRef } => {
  const object = Buffer.concat([MAGIC, packr.pack(file)]);
  return { object, ref: { sha256: sha256Of(object), generation: file.generation } };
};

/** @throws DamagedError, SealedRowError when its rows are encrypted with a key that is not there */
export const openPreKeys = (object: Buffer, ref: PreKeyRef, sessionId: string, cipher: RowCipher | undefined): PreKeyFile => {
  if (sha256Of(object) !== ref.sha256) throw new DamagedError('the checksum does not fit the content');
  if (!object.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedError('no object of pre-keys');
  const parsed = Shape.safeParse(packr.unpack(object.subarray(MAGIC.length)));
  if (!parsed.success || parsed.data.sessionId !== sessionId || parsed.data.generation !== ref.generation)
    throw new DamagedError('the content has another shape', { cause: parsed.error });
  // A store seals all of its rows with one key.
  const [first] = parsed.data.rows;
  if (first && isSealed(first[1])) {
    if (!cipher) throw new SealedRowError('The pre-keys in the object store are encrypted and AUTH_ENCRYPTION_KEY is not set.');
    cipher.open(first[1], placeOf(SLOT_TABLES.keys, [sessionId, PRE_KEY, first[0]]));
  }
  return parsed.data;
};

/** Id of the key that the rows are encrypted with. */
export const sealingKey = ([first]: readonly PreKeyRow[]): string | undefined => first && sealedWith(first[1]);

/** The rows of a slot's store that hold the same, without those used since. */
export const preKeyWrites = (store: Pick<Store, 'decode'>, { sessionId, rows }: PreKeyFile, used: readonly string[]): Write[] => {
  const gone = new Set(used);
  return rows
    .filter(([id]) => !gone.has(id))
    .map(([id, value]) => {
      const key = [sessionId, PRE_KEY, id];
      return { table: SLOT_TABLES.keys, key, value: store.decode(SLOT_TABLES.keys, key, Buffer.from(value)) };
    });
};
