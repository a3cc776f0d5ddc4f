// Idempotency keys: what was asked for under each, and what came of it.
import type { Store, Write } from '../../shared/store/store.js';
import type { IdempotencyRow } from '../supervisor-store.js';
import { TABLES } from '../supervisor-store.js';

/** A key is remembered for this long after its first use. */
const LIFE_MS = 24 * 60 * 60_000;
const AT_ONCE = 500;

export const keyRow = (store: Pick<Store, 'get'>, sessionId: string, key: string | undefined): IdempotencyRow | undefined =>
  key === undefined ? undefined : store.get<IdempotencyRow>(TABLES.idempotency, [sessionId, key]);

export const keyWrites = (sessionId: string, key: string, row: IdempotencyRow): Write[] => [
  outcomeWrite(sessionId, key, row),
  { table: TABLES.idempotencyTimes, key: [sessionId, row.at, key], value: true },
];

/** What became of a key that is there. */
export const outcomeWrite = (sessionId: string, key: string, row: IdempotencyRow): Write => ({
  table: TABLES.idempotency,
  key: [sessionId, key],
  value: row,
});

/** The key may be used anew. */
export const forgetKey = (sessionId: string, key: string, { at }: IdempotencyRow): Write[] => [
  { table: TABLES.idempotency, key: [sessionId, key], value: undefined },
  { table: TABLES.idempotencyTimes, key: [sessionId, at, key], value: undefined },
];

/** Keys first used since `since` (Unix milliseconds), at most `limit`, the newest first. */
export const recentKeys = (store: Store, sessionId: string, since: number, limit: number): [key: string, row: IdempotencyRow][] => {
  const found: [string, IdempotencyRow][] = [];
  for (const { key } of store.range(TABLES.idempotencyTimes, { prefix: [sessionId], reverse: true, limit })) {
    if (Number(key[1]) < since) break;
    const row = keyRow(store, sessionId, String(key[2]));
    if (row) found.push([String(key[2]), row]);
  }
  return found;
};

/** Removals of a session's keys that are older than a day; one whose send is still under way stays. Each batch is to be committed before the next. */
export function* oldKeys(store: Store, sessionId: string, now: number): Generator<Write[]> {
  for (let from: (string | number)[] = [sessionId]; ;) {
    const rows = [...store.range(TABLES.idempotencyTimes, { prefix: [sessionId], from, limit: AT_ONCE })];
    const old = rows.filter(({ key }) => Number(key[1]) < now - LIFE_MS);
    yield old.flatMap(({ key }) => {
      const row = keyRow(store, sessionId, String(key[2]));
      return row && !row.outcome ? [] : forgetKey(sessionId, String(key[2]), { ...BLANK, at: Number(key[1]) });
    });
    const last = old.at(-1);
    if (!last || old.length < AT_ONCE) return;
    from = [...last.key, ''];
  }
}

const BLANK = { fingerprint: '', messageId: '', outcome: undefined };

/** Rows of the times for keys of a store that had none. */
export function* migrateKeyTimes(store: Store): Generator<Write[]> {
  let batch: Write[] = [];
  for (const { key, value } of store.range<IdempotencyRow>('idempotency')) {
    batch.push({ table: 'idempotencyTimes', key: [String(key[0]), value.at, String(key[1])], value: true });
    if (batch.length < AT_ONCE) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
