// Pages of history, newest first: by offset, by place, or of what a filter lets through.
import { setImmediate } from 'node:timers/promises';
import type { Message } from '../../shared/domain/message.js';
import type { Store } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { matches, type HistoryFilter } from './history-filter.js';
import { committedDay, localMessages, mayHaveOlder, requireRemote, walkBack, type Found, type WalkOptions } from './history-walk.js';
import { compare, type Position } from './part-spans.js';
import type { RemoteHistory } from './remote-history.js';

interface PageRange {
  limit: number;
  offset: number;
}

/** The object store is asked only for a day that is no longer here. @throws STORAGE_UNAVAILABLE */
export const readPage = async (
  store: Store,
  remote: RemoteHistory | undefined,
  sessionId: string,
  { limit, offset }: PageRange,
): Promise<Found[]> => {
  const messages: Found[] = [];
  let skip = offset;
  let wanted = limit;
  for (const day of daysOfPage(store, sessionId, offset + limit)) {
    if (wanted === 0) break;
    // Read anew: while a part was fetched the day may have been evicted or removed.
    const row = committedDay(store, sessionId, day);
    if (!row) continue;
    if (skip >= row.count) {
      skip -= row.count;
      continue;
    }
    const range = { limit: Math.min(wanted, row.count - skip), offset: skip };
    if (row.remoteParts === 0) messages.push(...localMessages(store, sessionId, day, range));
    else messages.push(...(await requireRemote(remote).messages(sessionId, day, row.remoteParts, range)));
    wanted -= range.limit;
    skip = 0;
  }
  return messages;
};

/** From the newest to the one with message `end`. */
const daysOfPage = (store: Store, sessionId: string, end: number): string[] => {
  const days: string[] = [];
  let before = 0;
  for (const { key, value } of store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId], reverse: true })) {
    if (before >= end) break;
    days.push(String(key[1]));
    before += value.count;
  }
  return days;
};

/** The messages before a place. @throws STORAGE_UNAVAILABLE */
export const readBefore = async (options: Omit<WalkOptions, 'atOnce'>, limit: number): Promise<Found[]> => {
  const found: Found[] = [];
  for await (const batch of walkBack({ ...options, atOnce: limit })) {
    found.push(...batch);
    if (found.length >= limit) break;
  }
  return found.slice(0, limit);
};

export interface SearchResult {
  messages: Message[];
  /** Messages looked at. */
  looked: number;
  /** The last place that was looked at, when there may be more before it. */
  next: Position | undefined;
}

/** A search ends with the batch in which either is reached. */
export interface SearchLimits {
  messages: number;
  ms: number;
}

export const SEARCH_LIMITS: SearchLimits = { messages: 5_000, ms: 1_000 };
/** Few enough that other work is not held up. */
const AT_ONCE = 200;

/** At most `limit` messages that the filter lets through, of as many as may be looked at. @throws STORAGE_UNAVAILABLE */
export const searchBack = async (
  options: Omit<WalkOptions, 'atOnce'>,
  filter: HistoryFilter,
  limit: number,
  limits: SearchLimits = SEARCH_LIMITS,
): Promise<SearchResult> => {
  const { since = -Infinity } = filter;
  const startedAt = performance.now();
  const messages: Message[] = [];
  let looked = 0;
  const goingOn = (place: Position): Position | undefined => (mayHaveOlder(options.store, options.sessionId, place) ? place : undefined);
  for await (const batch of walkBack({ ...options, before: startOf(options.before, filter), atOnce: AT_ONCE })) {
    for (const { position, message } of batch) {
      // Those that follow are of earlier seconds still.
      if ((position[0] + 1) * 1000 <= since) return { messages, looked, next: undefined };
      looked++;
      if (message && matches(filter, message)) messages.push(message);
      if (messages.length === limit) return { messages, looked, next: goingOn(position) };
    }
    const last = batch.at(-1)?.position;
    if (looked >= limits.messages || performance.now() - startedAt >= limits.ms) return { messages, looked, next: last && goingOn(last) };
    await setImmediate();
  }
  return { messages, looked, next: undefined };
};

/** Nothing from `until` on needs to be looked at. */
const startOf = (before: Position | undefined, { until }: HistoryFilter): Position | undefined => {
  if (until === undefined) return before;
  const end: Position = [Math.ceil(until / 1000), 0];
  return before && compare(before, end) < 0 ? before : end;
};
