// The credentials and keys of one session as one object: gzip of sealed JSON in Baileys' encoding, encrypted when there is a key. Pre-keys have
// an object of their own, which this one names: there are hundreds, and few checkpoints come after new ones.
import { promisify } from 'node:util';
import { gunzip, gzip } from 'node:zlib';
import { z } from 'zod';
import { KEYS } from '../object-store/keys.js';
import { fromBaileysJson, stringifyBaileys } from './baileys-json.js';
import { PreKeyRef } from './pre-key-file.js';
import { isSealed, SealedRowError, type RowCipher } from './row-cipher.js';
import { DamagedError, sealBytes, verifyJson } from './sealed-json.js';
import { SLOT_TABLES } from './slot-store.js';
import type { Write } from './store.js';

const AuthFile = z.object({
  sessionId: z.string(),
  workerId: z.string(),
  /** Journal number whose changes it includes. */
  generation: z.number().int(),
  /** Absent when `keys` has the pre-keys too, or there are none. */
  preKeys: PreKeyRef.optional(),
  creds: z.unknown(),
  /** Type → id → key. */
  keys: z.record(z.string(), z.record(z.string(), z.unknown())),
  /** Ids of pre-keys that their object still holds and the session no longer has. */
  usedPreKeys: z.array(z.string()).optional(),
});
export type AuthFile = z.infer<typeof AuthFile>;

/** About what one takes unpacked: fewer steps through the thread pool. */
const CHUNK_BYTES = 256 * 1024;
/** How every such file begins, within this many bytes. */
const HEAD_BYTES = 512;
const HEAD =
  /^\{"sessionId":"([^"]*)","workerId":"[^"]*","generation":(\d+),(?:"preKeys":\{"sha256":"([0-9a-f]{64})","generation":(\d+)\},)?"creds":/;

export const packAuth = async (file: AuthFile, cipher: RowCipher | undefined): Promise<Buffer> => {
  const { sessionId, workerId, generation, preKeys, creds, keys, usedPreKeys } = file;
  const ref = preKeys && { sha256: preKeys.sha256, generation: preKeys.generation };
  const text = sealBytes(stringifyBaileys({ sessionId, workerId, generation, preKeys: ref, creds, keys, usedPreKeys }));
  const packed = await promisify(gzip)(text, { level: 1, memLevel: 9, chunkSize: CHUNK_BYTES });
  return cipher ? cipher.seal(packed, KEYS.auth(sessionId)) : packed;
};

/** Verifies the object without reading all of it. @throws DamagedError, SealedRowError */
export const verifyAuth = async (
  object: Buffer,
  sessionId: string,
  cipher: RowCipher | undefined,
): Promise<{ generation: number; preKeys: PreKeyRef | undefined }> => {
  const match = HEAD.exec((await unseal(object, sessionId, cipher)).toString('latin1', 0, HEAD_BYTES));
  if (match?.[1] !== sessionId) throw new DamagedError('the content has another shape');
  const [, , generation, sha256, preKeyGeneration] = match;
  return { generation: Number(generation), preKeys: sha256 === undefined ? undefined : { sha256, generation: Number(preKeyGeneration) } };
};

/** The JSON text, verified. @throws DamagedError, SealedRowError when it is encrypted with a key that is not there */
const unseal = async (object: Buffer, sessionId: string, cipher: RowCipher | undefined): Promise<Buffer> => {
  const packed = isSealed(object) ? openWith(cipher, object, sessionId) : object;
  const bytes = await promisify(gunzip)(packed, { chunkSize: CHUNK_BYTES }).catch((error: unknown) => {
    throw new DamagedError('not what was packed', { cause: error });
  });
  verifyJson(bytes);
  return bytes;
};

/** @throws DamagedError, SealedRowError */
export const unpackAuth = async (object: Buffer, sessionId: string, cipher: RowCipher | undefined): Promise<AuthFile> => {
  const parsed = AuthFile.safeParse(JSON.parse((await unseal(object, sessionId, cipher)).toString()));
  if (!parsed.success || parsed.data.sessionId !== sessionId) throw new DamagedError('the content has another shape');
  return parsed.data;
};

/** The rows of a slot's store that hold the same. */
export const authWrites = ({ sessionId, creds, keys }: AuthFile): Write[] => [
  ...(creds === undefined ? [] : [{ table: SLOT_TABLES.creds, key: [sessionId], value: fromBaileysJson(creds) }]),
  ...Object.entries(keys).flatMap(([type, rows]) =>
    Object.entries(rows).map(([id, value]) => ({ table: SLOT_TABLES.keys, key: [sessionId, type, id], value: fromBaileysJson(value) })),
  ),
];

const openWith = (cipher: RowCipher | undefined, object: Buffer, sessionId: string): Buffer => {
  if (!cipher) throw new SealedRowError('The credentials in the object store are encrypted and AUTH_ENCRYPTION_KEY is not set.');
  return cipher.open(object, KEYS.auth(sessionId));
};
