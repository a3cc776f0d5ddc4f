// Credentials and keys in the classic layout, checked before anything is done with them.
import PQueue from 'p-queue';
import { z } from 'zod';
import { messageOf } from '../../shared/errors.js';
import { fromBaileysJson, stringifyBaileys } from '../../shared/store/baileys-json.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { Write } from '../../shared/store/store.js';
import { CREDS_FILE, fileNameOf, keyNameOf } from './classic-names.js';
import { TransferRefusedError, type SourceFolder } from './session-source.js';

const PARALLEL = 32;
/** Baileys learns these anew when they are missing; without any other key something may stay unreadable. */
const LEARNED_ANEW: ReadonlySet<string> = new Set(['device-list', 'sender-key-memory', 'tctoken']);

const Bytes = z.instanceof(Uint8Array).refine((bytes) => bytes.length > 0);
const KeyPair = z.object({ public: Bytes, private: Bytes });
const Creds = z.object({
  noiseKey: KeyPair,
  signedIdentityKey: KeyPair,
  signedPreKey: z.object({ keyPair: KeyPair, signature: Bytes, keyId: z.number() }),
  registrationId: z.number(),
  me: z.object({ id: z.string().min(1), lid: z.string().optional(), name: z.string().optional() }),
  account: z.record(z.string(), z.unknown()),
});

/** What keys of a type look like at least; what is not here may be anything but nothing. */
const SHAPES: Readonly<Record<string, z.ZodType>> = {
  'pre-key': KeyPair,
  session: z.union([Bytes, z.record(z.string(), z.unknown())]),
  'identity-key': Bytes,
  'lid-mapping': z.string(),
};
const SOMETHING = z.unknown().refine((value) => value !== null && value !== undefined);

export interface ClassicAuth {
  creds: z.infer<typeof Creds>;
  /** Rows of a slot's store. */
  writes: Write[];
  keys: number;
  /** Sentences about files that were passed over. */
  passedOver: string[];
}

/** @throws TransferRefusedError when a file is missing, broken or not known and that may matter */
export const readClassicAuth = async (folder: SourceFolder, sessionId: string): Promise<ClassicAuth> => {
  if (!folder.names.includes(CREDS_FILE)) throw new TransferRefusedError(`it has no ${CREDS_FILE}`);
  const value = await readValue(folder, CREDS_FILE);
  const creds = checkedCreds(value);
  const passedOver: string[] = [];
  const unusable: string[] = [];
  const rows: Write[] = [];
  const queue = new PQueue({ concurrency: PARALLEL });
  const one = async (name: string): Promise<void> => {
    const key = keyNameOf(name);
    if (!key) {
      if (name.endsWith('.json')) unusable.push(`${name} is no file of Baileys`);
      else passedOver.push(`${name} is passed over: it is no file of Baileys`);
      return;
    }
    try {
      const found = await readValue(folder, name);
      if (!(SHAPES[key.type] ?? SOMETHING).safeParse(found).success)
        throw new TransferRefusedError(`${name} does not hold what its name says`);
      rows.push({ table: SLOT_TABLES.keys, key: [sessionId, key.type, key.id], value: found });
    } catch (error) {
      if (!(error instanceof TransferRefusedError)) throw error;
      if (LEARNED_ANEW.has(key.type)) passedOver.push(`${error.message}; it is passed over, for it is learned anew`);
      else unusable.push(error.message);
    }
  };
  await queue.addAll(folder.names.filter((name) => name !== CREDS_FILE).map((name) => async () => one(name)));
  if (unusable.length > 0) {
    const [first = '', ...others] = unusable.sort();
    const more = others.length > 0 ? `, and ${others.length} more such files` : '';
    throw new TransferRefusedError(`${first}${more}; mend it, or move it away to do without it`);
  }
  return {
    creds,
    writes: [{ table: SLOT_TABLES.creds, key: [sessionId], value }, ...rows],
    keys: rows.length,
    passedOver: passedOver.sort(),
  };
};

/** The same the other way round: names and contents. @throws TransferRefusedError */
export const classicFiles = (rows: readonly Write[]): Map<string, string> => {
  const files = new Map<string, string>();
  for (const { table, key, value } of rows) {
    if (value === undefined || (table !== SLOT_TABLES.creds && table !== SLOT_TABLES.keys)) continue;
    const name = table === SLOT_TABLES.creds ? CREDS_FILE : fileNameOf({ type: String(key[1]), id: String(key[2]) });
    if (files.has(name)) throw new TransferRefusedError(`two of its keys would have the file name ${name}`);
    files.set(name, stringifyBaileys(value));
  }
  return files;
};

const checkedCreds = (value: unknown): z.infer<typeof Creds> => {
  const parsed = Creds.safeParse(value);
  if (parsed.success) return parsed.data;
  const has = (name: string): boolean => (value as Record<string, unknown> | null)?.[name] !== undefined;
  const names = [...new Set(parsed.error.issues.map(({ path }) => String(path[0] ?? 'everything')))];
  const missing = names.filter((name) => !has(name)).map((name) => (name === 'me' ? 'me.id' : name));
  if (missing.length > 0) throw new TransferRefusedError(`it was never paired: ${CREDS_FILE} has no ${missing.join(', ')}`);
  throw new TransferRefusedError(`${CREDS_FILE} is damaged: ${names.join(', ')} cannot be right`);
};

const readValue = async (folder: SourceFolder, name: string): Promise<unknown> => {
  const text = (await folder.read(name)).toString();
  try {
    return fromBaileysJson(JSON.parse(text, listedBytes));
  } catch (error) {
    throw new TransferRefusedError(`${name} cannot be read: ${text.trim() === '' ? 'it is empty' : notJson(messageOf(error))}`, {
      cause: error,
    });
  }
};

/** Node's message may quote the text, which is secret. */
const notJson = (message: string): string => (message.startsWith('Unexpected end') ? 'it breaks off' : 'it is not JSON');

/** Bytes written without Baileys' own way of writing them, `{"0":5,"1":255}`, which it reads too. */
const listedBytes = (_name: string, value: unknown): unknown => {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
  const entries = Object.entries(value);
  const isBytes = entries.length > 0 && entries.every(([key, byte], index) => key === String(index) && Number.isInteger(byte));
  return isBytes ? { type: 'Buffer', data: Object.values(value) as number[] } : value;
};
