// The log of a session before and after the loss of its machine.
import type { Row, Store, Write } from '../../shared/store/store.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';
import type { EventRow } from './event-row.js';
import { eventOf, type KeptEvent } from './kept-event.js';

/** Numbers given out under one owner of the worker: more than a session can have events. */
const NUMBERS_PER_TERM = 1_000_000_000;
const AT_ONCE = 1_000;

/** The newest number that is not among the last `count` events; numbers that a restore passed over do not count. */
export const lastBeyond = (store: Pick<Store, 'get'>, sessionId: string, newest: number, count: number): number => {
  const begin = newest - (newest % NUMBERS_PER_TERM);
  if (begin === 0 || newest - count >= begin) return newest - count;
  const found = store.get<KeptEvent>(TABLES.events, [sessionId, begin]);
  const marker = found && eventOf(found);
  return marker?.type === 'restored' ? lastBeyond(store, sessionId, marker.after, count - (newest - begin + 1)) : begin - 1;
};

/** A restore ships nothing: the event that says where a log goes on follows with the first one after it. */
export const unshippedMarker = (store: Pick<Store, 'get'>, sessionId: string, seq: number): Write[] => {
  if (seq % NUMBERS_PER_TERM !== 1) return [];
  const key = [sessionId, seq - 1];
  const value = store.get<KeptEvent>(TABLES.events, key);
  return value ? [{ table: TABLES.events, key, value }] : [];
};

/** Events since `since` (Unix milliseconds), the newest `most` of them, beginning with the newest. */
export const recentEvents = (
  store: Pick<Store, 'range'>,
  sessionId: string,
  since: number,
  most: number,
): [seq: number, row: EventRow][] => {
  const found: [number, EventRow][] = [];
  for (const { key, value } of store.range<KeptEvent>(TABLES.events, { prefix: [sessionId], reverse: true, limit: most })) {
    const row = eventOf(value);
    if (row.at < since) break;
    found.push([Number(key[1]), row]);
  }
  return found;
};

/**
 * Makes a log of the rows that came back. What was committed last may be missing, and its numbers may be known to consumers: the log goes on
 * with numbers that no owner before this one gave out, after an event that says so.
 * @param last a number that was given out, although its event may not have come back
 */
export const restoreEvents = async (
  store: Store,
  { sessionId, createdAt }: Pick<SessionRow, 'sessionId' | 'createdAt'>,
  { term, at, last = 0 }: { term: number; at: number; last?: number | undefined },
): Promise<void> => {
  const rows = [...store.range<KeptEvent>(TABLES.events, { prefix: [sessionId] })];
  const kept = lastRun(rows, createdAt);
  const removals = rows.slice(0, rows.length - kept.length).map(({ key }): Write => ({ table: TABLES.events, key, value: undefined }));
  for (let from = 0; from < removals.length; from += AT_ONCE) {
    await store.commit(removals.slice(from, from + AT_ONCE), { tracked: false });
  }
  const seq = term * NUMBERS_PER_TERM;
  const marker: EventRow = { type: 'restored', at, after: Math.max(Number(kept.at(-1)?.key[1] ?? 0), last) };
  await store.commit(
    [
      { table: TABLES.events, key: [sessionId, seq], value: marker },
      { table: TABLES.eventHeads, key: [sessionId], value: seq },
    ],
    { tracked: false },
  );
};

/** The newest rows that follow each other without a gap and belong to this session, not to a deleted one of its name. */
const lastRun = (rows: readonly Row<KeptEvent>[], createdAt: number): Row<KeptEvent>[] => {
  let start = rows.length;
  let expected: number | undefined;
  for (const [index, { key, value }] of [...rows.entries()].reverse()) {
    const seq = Number(key[1]);
    const row = eventOf(value);
    if ((expected !== undefined && seq !== expected) || row.at < createdAt) break;
    start = index;
    expected = row.type === 'restored' ? row.after : seq - 1;
  }
  return rows.slice(start);
};
