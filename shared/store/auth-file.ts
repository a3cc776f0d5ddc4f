// The credentials and keys of one session as one object: gzip of sealed JSON in Baileys' encoding, encrypted when there is a key. Keys that
// stay as they are from one checkpoint to the next lie in an object of their own, which this one names.
import { promisify } from 'node:util';
import { gunzip, gunzipSync, gzip, gzipSync } from 'node:zlib';
import { z } from 'zod';
import { KEYS } from '../object-store/keys.js';
import { fromBaileysJson, stringifyBaileys } from './baileys-json.js';
import { KeyFileRef, PRE_KEY, type KeyName } from './key-file.js';
import { isSealed, SealedRowError, type RowCipher } from './row-cipher.js';
import { DamagedError, sealBytes, verifyJson } from './sealed-json.js';
import { SLOT_TABLES } from './slot-store.js';
import type { Write } from './store.js';

const AuthFile = z.object({
  sessionId: z.string(),
  workerId: z.string(),
  /** Journal number whose changes it includes. */
  generation: z.number().int(),
  /** The object that has all keys as they were. Absent when there is none, and `keys` has all. */
  olderKeys: KeyFileRef.optional(),
  /** As earlier versions wrote it, of pre-keys only. */
  preKeys: KeyFileRef.optional(),
  creds: z.unknown(),
  /** Type → id → key: those that the object named above does not have as they are now. */
  keys: z.record(z.string(), z.record(z.string(), z.unknown())),
  /** Ids of pre-keys that the object still has and the session no longer. */
  usedPreKeys: z.array(z.string()).optional(),
  /** The same of other keys. */
  goneKeys: z.array(z.tuple([z.string(), z.string()]) satisfies z.ZodType<KeyName>).optional(),
  /** What else the session's files have as of then; nothing that the reader of the credentials needs. */
  checkpoint: z.unknown().optional(),
});
export type AuthFile = z.infer<typeof AuthFile>;
/** What a restore needs of it. The checksum says that the rest is what we wrote. */
const AuthHeadShape = AuthFile.pick({ sessionId: true, generation: true, olderKeys: true, preKeys: true, checkpoint: true });

/** Below this the way through the thread pool takes longer than the work. */
const SMALL_BYTES = 64 * 1024;
export interface AuthHead {
  generation: number;
  /** The object that it names. */
  keys: (KeyFileRef & { key: string }) | undefined;
  checkpoint: unknown;
}

export const packAuth = async (file: AuthFile, cipher: RowCipher | undefined): Promise<Buffer> => {
  const { olderKeys, ...rest } = file;
  const ref = olderKeys && { sha256: olderKeys.sha256, generation: olderKeys.generation };
  const text = sealBytes(stringifyBaileys({ ...rest, olderKeys: ref }));
  const packed = text.length < SMALL_BYTES ? gzipSync(text, { level: 1 }) : await promisify(gzip)(text, { level: 1 });
  return cipher ? cipher.seal(packed, KEYS.auth(file.sessionId)) : packed;
};

/** Verifies the object, and reads what a restore needs of it. @throws DamagedError, SealedRowError */
export const verifyAuth = async (object: Buffer, sessionId: string, cipher: RowCipher | undefined): Promise<AuthHead> => {
  const { generation, olderKeys, preKeys, checkpoint } = await read(AuthHeadShape, object, sessionId, cipher);
  const named = olderKeys ? { ...olderKeys, key: KEYS.keys(sessionId, olderKeys.sha256) } : undefined;
  const keys = named ?? (preKeys && { ...preKeys, key: KEYS.preKeys(sessionId, preKeys.sha256) });
  return { generation, keys, checkpoint };
};

/** Keys that the object still has and the session no longer. */
export const goneOf = ({ usedPreKeys = [], goneKeys = [] }: AuthFile): KeyName[] => [
  ...usedPreKeys.map((id): KeyName => [PRE_KEY, id]),
  ...goneKeys,
];

const unzip = async (packed: Buffer): Promise<Buffer> => (packed.length < SMALL_BYTES ? gunzipSync(packed) : promisify(gunzip)(packed));

/** The JSON text, verified. @throws DamagedError, SealedRowError when it is encrypted with a key that is not there */
const unseal = async (object: Buffer, sessionId: string, cipher: RowCipher | undefined): Promise<Buffer> => {
  const packed = isSealed(object) ? openWith(cipher, object, sessionId) : object;
  const bytes = await unzip(packed).catch((error: unknown) => {
    throw new DamagedError('not what was packed', { cause: error });
  });
  verifyJson(bytes);
  return bytes;
};

/** @throws DamagedError, SealedRowError */
export const unpackAuth = async (object: Buffer, sessionId: string, cipher: RowCipher | undefined): Promise<AuthFile> =>
  read(AuthFile, object, sessionId, cipher);

const read = async <T extends { sessionId: string }>(
  shape: z.ZodType<T>,
  object: Buffer,
  sessionId: string,
  cipher: RowCipher | undefined,
): Promise<T> => {
  const parsed = shape.safeParse(JSON.parse((await unseal(object, sessionId, cipher)).toString()));
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
