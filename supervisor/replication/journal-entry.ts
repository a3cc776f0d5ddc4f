// One object of the journal: what changed in all stores of this worker since the object before.
import { createHash } from 'node:crypto';
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { pack, unpack } from 'msgpackr';
import { z } from 'zod';
import type { ChangeBatch } from '../../shared/store/change-log.js';
import { DamagedError } from '../../shared/store/sealed-json.js';

export interface JournalEntry {
  workerId: string;
  /** The data folder that wrote it. */
  writer: string;
  /** Rises when another data folder takes the worker over. */
  term: number;
  /** Rises by one within a term; what a checkpoint includes is said by it. */
  number: number;
  /** Unix milliseconds. */
  at: number;
  stores: StoreChanges[];
}

export interface StoreChanges extends ChangeBatch {
  /** `supervisor`, or `runners/3`. */
  store: string;
}

const MAGIC = Buffer.from('WGJ1');
const HASH_BYTES = 32;

const StoredEntry = z.object({
  workerId: z.string(),
  writer: z.string(),
  term: z.number().int(),
  number: z.number().int(),
  at: z.number(),
  stores: z.array(
    z.object({
      store: z.string(),
      from: z.number().int(),
      to: z.number().int(),
      seen: z.number().int(),
      rows: z.array(z.tuple([z.string(), z.array(z.union([z.string(), z.number()])), z.instanceof(Uint8Array).nullable()])),
    }),
  ),
});

const sha256 = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();

/** Magic, SHA-256 of the rest, gzip of MessagePack. */
export const encodeEntry = async (entry: JournalEntry): Promise<Buffer> => {
  const stored = {
    ...entry,
    stores: entry.stores.map(({ store, from, to, seen, rows }) => ({
      store,
      from,
      to,
      seen,
      rows: rows.map(({ table, key, value }) => [table, key, value ?? null]),
    })),
  };
  const body = await promisify(gzip)(pack(stored), { level: 1 });
  return Buffer.concat([MAGIC, sha256(body), body]);
};

/** @throws DamagedError */
export const decodeEntry = async (object: Buffer): Promise<JournalEntry> => {
  const body = object.subarray(MAGIC.length + HASH_BYTES);
  const hash = object.subarray(MAGIC.length, MAGIC.length + HASH_BYTES);
  if (!object.subarray(0, MAGIC.length).equals(MAGIC)) throw new DamagedError('not an object of the journal');
  if (!sha256(body).equals(hash)) throw new DamagedError('the checksum does not fit the content');
  const parsed = StoredEntry.safeParse(unpack(await promisify(gunzip)(body)));
  if (!parsed.success) throw new DamagedError('the content has another shape', { cause: parsed.error });
  return {
    ...parsed.data,
    stores: parsed.data.stores.map((changes) => ({
      ...changes,
      rows: changes.rows.map(([table, key, value]) => ({ table, key, value: value === null ? undefined : Buffer.from(value) })),
    })),
  };
};
