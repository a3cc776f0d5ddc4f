// History from a place backwards, day by day: days that are here, and days whose files are in the object store.
import type { Message } from '../../shared/domain/message.js';
import { AppError } from '../../shared/errors.js';
import type { Store } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { dayOf, secondsOf } from './message-day.js';
import type { Position } from './part-spans.js';
import type { RemoteHistory } from './remote-history.js';

/** A message and its place; without the message where its file is damaged. */
export interface Found {
  position: Position;
  message: Message | undefined;
}

export interface WalkOptions {
  store: Store;
  /** Days that are only in the object store; without it they cannot be read. */
  remote: RemoteHistory | undefined;
  sessionId: string;
  /** The newest that is wanted comes before this place; everything without it. */
  before: Position | undefined;
  /** Messages read at once, in one turn where they lie here. */
  atOnce: number;
}

/** Batches of at most `atOnce` messages, newest first. @throws STORAGE_UNAVAILABLE */
export async function* walkBack({ store, remote, sessionId, before, atOnce }: WalkOptions): AsyncGenerator<Found[]> {
  // Below it there are the days up to that of `before`.
  let end = before && [sessionId, dayOf(before[0]), 0];
  for (;;) {
    const day = dayBelow(store, sessionId, end);
    if (day === undefined) return;
    let from = before;
    for (;;) {
      // Read anew: meanwhile the day may have been evicted or removed.
      const row = committedDay(store, sessionId, day);
      if (!row || row.count === 0) break;
      const range = { before: from, limit: atOnce };
      const found =
        row.remoteParts === 0
          ? localMessages(store, sessionId, day, range)
          : await requireRemote(remote).before(sessionId, day, row.remoteParts, range);
      if (found.length > 0) yield found;
      if (found.length < atOnce) break;
      from = found.at(-1)?.position;
    }
    end = [sessionId, day];
  }
}

const dayBelow = (store: Store, sessionId: string, end: (string | number)[] | undefined): string | undefined => {
  const [row] = store.range(TABLES.messageDays, { prefix: [sessionId], before: end, reverse: true, limit: 1 });
  return row && String(row.key[1]);
};

/** False when nothing is older than `position`; the object store is not asked. */
export const mayHaveOlder = (store: Store, sessionId: string, position: Position): boolean => {
  const day = dayOf(position[0]);
  for (const { value } of store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId], before: [sessionId, day], reverse: true })) {
    if (value.count > 0) return true;
  }
  const row = committedDay(store, sessionId, day);
  return (row?.remoteParts ?? 0) > 0 || localMessages(store, sessionId, day, { before: position, limit: 1 }).length > 0;
};

/** Only what is committed, as are the rows it counts. */
export const committedDay = (store: Store, sessionId: string, day: string): MessageDay | undefined => {
  const [row] = store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId, day], limit: 1 });
  return row?.value;
};

interface LocalRange {
  before?: Position | undefined;
  limit: number;
  offset?: number;
}

/** Of a day that lies here, newest first. */
export const localMessages = (store: Store, sessionId: string, day: string, { before, ...range }: LocalRange): Found[] => {
  const { first, last } = secondsOf(day);
  const isWithin = before !== undefined && before[0] <= last;
  const rows = store.range<Message>(TABLES.messages, {
    prefix: [sessionId],
    from: [sessionId, first],
    before: isWithin ? [sessionId, ...before] : [sessionId, last + 1],
    reverse: true,
    // A message is told to be sent before it is on disk that it was.
    newest: true,
    ...range,
  });
  return [...rows].map(({ key, value }) => ({ position: [Number(key[1]), Number(key[2])], message: value }));
};

/** @throws STORAGE_UNAVAILABLE */
export const requireRemote = (remote: RemoteHistory | undefined): RemoteHistory => {
  if (!remote) throw new AppError('STORAGE_UNAVAILABLE', 'Older days are in an object store, and this worker has none configured.');
  return remote;
};
