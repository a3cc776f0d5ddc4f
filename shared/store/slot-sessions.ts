// What a slot's store holds of which session, and the writes that take it from there.
import { CHANGES, type ChangedKeys, type RawRow } from './change-log.js';
import { SESSION_TABLES, SLOT_SCHEMA, SLOT_TABLES } from './slot-store.js';
import type { Key, RangeOptions, Row, Store, Write } from './store.js';

const LAST = '\u{10ffff}\u{10ffff}';

/** Names a row of a store. */
export type Place = Pick<Write, 'table' | 'key'>;

interface Readable {
  range<T>(table: string, options?: RangeOptions): Generator<Row<T>>;
  rawRange(table: string, options?: RangeOptions): Generator<Row<Buffer>>;
}

/** Sessions with rows in tables of their own; looks at one row of each. */
export const sessionsIn = (store: Readable): Set<string> => {
  const found = new Set<string>();
  for (const table of SESSION_TABLES) {
    let from: Key = [];
    for (let row = first(store, table, from); row; row = first(store, table, from)) {
      const sessionId = String(row.key[0]);
      found.add(sessionId);
      from = [sessionId, LAST];
    }
  }
  return found;
};

/** Sessions with rows on the spool. */
export const spooledIn = (store: Readable): Set<string> =>
  new Set([...store.range<{ sessionId: string }>(SLOT_TABLES.spool)].map(({ value }) => value.sessionId));

/** Rows of a session in tables of its own, as they lie there. */
export const rawRowsOf = function* (store: Readable, sessionId: string): Generator<RawRow & { value: Buffer }> {
  for (const table of SESSION_TABLES) {
    for (const { key, value } of store.rawRange(table, { prefix: [sessionId] })) yield { table, key, value };
  }
};

export const rawSpoolOf = (store: Readable, sessionId: string): Row<Buffer>[] => {
  const keys = new Set(
    [...store.range<{ sessionId: string }>(SLOT_TABLES.spool)]
      .filter(({ value }) => value.sessionId === sessionId)
      .map(({ key }) => key[0]),
  );
  return [...store.rawRange(SLOT_TABLES.spool)].filter(({ key }) => keys.has(key[0]));
};

export const hasRows = (store: Readable, sessionId: string): boolean =>
  SESSION_TABLES.some((table) => [...store.rawRange(table, { prefix: [sessionId], limit: 1 })].length > 0);

/** Places of a session that the change log names. */
export const loggedOf = (store: Readable, sessionId: string): Place[] =>
  [...store.range<ChangedKeys>(CHANGES)].flatMap(({ value }) =>
    value.filter(([, owner]) => owner === sessionId).map(([table, ...key]): Place => ({ table: String(table), key })),
  );

/**
 * Places of a session that the object store is to be told of once `home` is where it lives: its rows there, and what was removed where it lived
 * before, which may not have shipped it and never will.
 * @param logged see `loggedOf`; of the old home
 */
export const placesToTell = (home: Readable, logged: readonly Place[], sessionId: string): Place[] => {
  const tracked = new Set(SLOT_SCHEMA.tracked);
  const places = new Map<string, Place>();
  const add = ({ table, key }: Place): void => void places.set(JSON.stringify([table, ...key]), { table, key });
  for (const row of rawRowsOf(home, sessionId)) if (tracked.has(row.table)) add(row);
  for (const place of logged) add(place);
  return [...places.values()];
};

/** Rows of `theirs` that `ours` does not have: a copy that was interrupted is not made twice. */
export const missingSpool = (ours: Readable, theirs: readonly Row<Buffer>[], sessionId: string): Row<Buffer>[] => {
  const there = new Set(rawSpoolOf(ours, sessionId).map(({ value }) => value.toString('base64')));
  return theirs.filter(({ value }) => !there.has(value.toString('base64')));
};

const BATCH = 500;

/** As many at a time as one commit should take. */
export const batchesOf = function* <T>(rows: Iterable<T>): Generator<T[]> {
  let batch: T[] = [];
  for (const row of rows) {
    batch.push(row);
    if (batch.length < BATCH) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
};

/**
 * Removals of a session's own rows, and of every mention of them in the change log: to be committed untracked, so that the object store is not
 * told of the removal of what lives on in another slot.
 */
export const quietRemovals = (store: Store, sessionId: string): Write[] => {
  const rows = [...rawRowsOf(store, sessionId)].map(({ table, key }) => ({ table, key, value: undefined }));
  const logged = [...store.range<ChangedKeys>(CHANGES)].flatMap(({ key, value }): Write[] => {
    const kept = value.filter(([, owner]) => owner !== sessionId);
    return kept.length === value.length ? [] : [{ table: CHANGES, key, value: kept }];
  });
  return [...rows, ...logged];
};

const first = (store: Readable, table: string, from: Key): Row<Buffer> | undefined => [...store.rawRange(table, { from, limit: 1 })][0];
