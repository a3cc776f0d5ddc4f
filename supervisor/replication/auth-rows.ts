// Credentials and keys of one session in its slot's store, pre-keys apart.
import type { AuthFile } from '../../shared/store/auth-file.js';
import type { RawRow } from '../../shared/store/change-log.js';
import { trackedSince } from '../../shared/store/open-store.js';
import { PRE_KEY, type PreKeyRow } from '../../shared/store/pre-key-file.js';
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
  return creds === undefined ? undefined : { creds, keys: byType(rows.filter(({ table }) => table === SLOT_TABLES.keys)) };
};

/** All but the pre-keys; undefined without credentials. @throws SealedRowError */
export const readAuth = (reader: StoreReader, sessionId: string): Auth | undefined => {
  const creds = reader.get(SLOT_TABLES.creds, [sessionId]);
  return creds === undefined ? undefined : { creds, keys: byType(otherKeys(reader, sessionId)) };
};

export const preKeyIds = (reader: StoreReader, sessionId: string): ReadonlySet<string> =>
  new Set(Array.from(reader.keys(SLOT_TABLES.keys, [sessionId, PRE_KEY]), (key) => String(key[2])));

export const preKeyRows = (reader: StoreReader, sessionId: string): PreKeyRow[] =>
  Array.from(reader.rawRange(SLOT_TABLES.keys, { prefix: [sessionId, PRE_KEY] }), ({ key, value }) => [String(key[2]), value]);

/** Whether some of the pre-keys with these ids were made, or made anew, since what the journal has. */
export const anyUnshipped = (
  reader: StoreReader,
  progress: Progress,
  { sessionId, slot, ids }: { sessionId: string; slot: number; ids: ReadonlySet<string> },
): boolean => {
  const since = trackedSince(reader);
  const shipped = since === undefined ? undefined : progress.cursor(slotSource(slot), since);
  if (shipped === undefined) return true;
  for (const { keys } of reader.changes(shipped)) {
    for (const [table, owner, type, id] of keys) {
      if (table === SLOT_TABLES.keys && owner === sessionId && type === PRE_KEY && ids.has(String(id))) return true;
    }
  }
  return false;
};

function* otherKeys(reader: StoreReader, sessionId: string): Generator<Row<unknown>> {
  for (const row of reader.range(SLOT_TABLES.keys, { prefix: [sessionId] })) {
    if (row.key[1] === PRE_KEY) break;
    yield row;
  }
  yield* reader.range(SLOT_TABLES.keys, { prefix: [sessionId], from: [sessionId, PRE_KEY, LAST] });
}

const byType = (rows: Iterable<Pick<Write, 'key' | 'value'>>): AuthFile['keys'] => {
  const keys: AuthFile['keys'] = {};
  for (const { key, value } of rows) if (value !== undefined) (keys[String(key[1])] ??= {})[String(key[2])] = value;
  return keys;
};
