// Credentials and keys of one session in its slot's store, pre-keys apart.
import type { AuthFile } from '../../shared/store/auth-file.js';
import type { RawRow } from '../../shared/store/change-log.js';
import { PRE_KEY, type KeyRow } from '../../shared/store/key-file.js';
import { trackedSince } from '../../shared/store/open-store.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import type { Row, Write } from '../../shared/store/store.js';
import { slotSource } from './change-sources.js';
import type { Progress } from './progress.js';

export type Auth = Pick<AuthFile, 'creds' | 'keys'>;

const LAST = '\u{10ffff}\u{10ffff}';

export const isNewPreKey = ({ table, key, value }: RawRow): boolean =>
  table === SLOT_TABLES.keys && key[1] === PRE_KEY && value !== undefined;

/** Undefined without credentials. */
export const authOfRows = (rows: readonly Write[]): Auth | undefined => {
  const creds = rows.find(({ table }) => table === SLOT_TABLES.creds)?.value;
  return creds === undefined ? undefined : { creds, keys: keysOfRows(rows.filter(({ table }) => table === SLOT_TABLES.keys)) };
};

/** @param ids of pre-keys, in their store's order @returns those that are gone, or undefined when there are others than these */
export const usedPreKeys = (reader: StoreReader, sessionId: string, ids: readonly string[]): string[] | undefined => {
  const used: string[] = [];
  let next = 0;
  for (const [, , id] of reader.keys(SLOT_TABLES.keys, [sessionId, PRE_KEY])) {
    for (; next < ids.length && ids[next] !== id; next++) used.push(...ids.slice(next, next + 1));
    if (next === ids.length) return undefined;
    next++;
  }
  return [...used, ...ids.slice(next)];
};

export const preKeyRows = (reader: StoreReader, sessionId: string): KeyRow[] =>
  Array.from(reader.rawRange(SLOT_TABLES.keys, { prefix: [sessionId, PRE_KEY] }), toKeyRow);

/** All but the pre-keys. */
export const otherKeyRows = (reader: StoreReader, sessionId: string): KeyRow[] => {
  const rows: KeyRow[] = [];
  for (const row of reader.rawRange(SLOT_TABLES.keys, { prefix: [sessionId] })) {
    if (row.key[1] === PRE_KEY) break;
    rows.push(toKeyRow(row));
  }
  for (const row of reader.rawRange(SLOT_TABLES.keys, { prefix: [sessionId], from: [sessionId, PRE_KEY, LAST] })) rows.push(toKeyRow(row));
  return rows;
};

const toKeyRow = ({ key, value }: Row<Buffer>): KeyRow => [String(key[1]), String(key[2]), value];

/** Whether pre-keys other than the `used` ones were made, or made anew, since what the journal has. */
export const anyUnshipped = (
  progress: Progress,
  { reader, sessionId, slot }: { reader: StoreReader; sessionId: string; slot: number },
  used: readonly string[],
): boolean => {
  const since = trackedSince(reader);
  const shipped = since === undefined ? undefined : progress.cursor(slotSource(slot), since);
  if (shipped === undefined) return true;
  for (const { keys } of reader.changes(shipped)) {
    for (const [table, owner, type, id] of keys) {
      if (table === SLOT_TABLES.keys && owner === sessionId && type === PRE_KEY && !used.includes(String(id))) return true;
    }
  }
  return false;
};

export const keysOfRows = (rows: Iterable<Pick<Write, 'key' | 'value'>>): AuthFile['keys'] => {
  const keys: AuthFile['keys'] = {};
  for (const { key, value } of rows) if (value !== undefined) (keys[String(key[1])] ??= {})[String(key[2])] = value;
  return keys;
};
