// A page of history, newest first, over days that are here and days that are in the object store.
import type { Message } from '../../shared/domain/message.js';
import { AppError } from '../../shared/errors.js';
import type { Store } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { secondsOf } from './message-day.js';
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
): Promise<Message[]> => {
  const messages: Message[] = [];
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
    if (row.remoteParts === 0) messages.push(...localDay(store, sessionId, day, range));
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

/** Only what is committed, as are the rows it counts. */
const committedDay = (store: Store, sessionId: string, day: string): MessageDay | undefined => {
  const [row] = store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId, day], limit: 1 });
  return row?.value;
};

const localDay = (store: Store, sessionId: string, day: string, range: PageRange): Message[] => {
  const { first, last } = secondsOf(day);
  // Ends with the rows of the day's last second and begins with those of its first.
  const rows = store.range<Message>(TABLES.messages, {
    prefix: [sessionId, last],
    from: [sessionId, first],
    reverse: true,
    ...range,
  });
  return [...rows].map(({ value }) => value);
};

const requireRemote = (remote: RemoteHistory | undefined): RemoteHistory => {
  if (!remote) throw new AppError('STORAGE_UNAVAILABLE', 'Older days are in an object store, and this worker has none configured.');
  return remote;
};
