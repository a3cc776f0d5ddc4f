// The rows of one day that lie here, removed in batches small enough that other work is not held up.
import type { Message } from '../../shared/domain/message.js';
import type { Row, Store, Write } from '../../shared/store/store.js';
import { keepLast } from '../chats/chat-rows.js';
import { TABLES } from '../supervisor-store.js';
import { indexKey, type Place } from './message-index.js';

/** Messages of one batch. */
const AT_ONCE = 100;

/** Days of a session that have messages here, the oldest first, up to the one before `before`. */
export function* localDays(store: Store, sessionId: string, before: string): Generator<string> {
  for (let from = [sessionId]; ;) {
    const [row] = store.range(TABLES.messageParts, { prefix: [sessionId], from, limit: 1 });
    const day = row && String(row.key[1]);
    if (day === undefined || day >= before) return;
    yield day;
    // After every row of this day, before the next one.
    from = [sessionId, `${day}~`];
  }
}

/**
 * Removes the messages of all parts of a day below `end`. The index of those in `indexToo` goes with them.
 * Each batch is to be committed before the next is asked for.
 */
export function* removeRows(
  store: Store,
  sessionId: string,
  day: string,
  { end, indexToo }: { end: number; indexToo: (message: Message) => boolean },
): Generator<Write[]> {
  for (;;) {
    const rows = [...store.range<number>(TABLES.messageParts, { prefix: [sessionId, day], limit: AT_ONCE })].filter(
      ({ key }) => Number(key[2]) < end,
    );
    if (rows.length === 0) return;
    yield rows.flatMap((row) => removalOf(store, row, indexToo));
  }
}

const removalOf = (store: Store, { key, value: second }: Row<number>, indexToo: (message: Message) => boolean): Write[] => {
  const sessionId = String(key[0]);
  const n = Number(key[3]);
  const messageKey = [sessionId, second, n];
  const message = store.get<Message>(TABLES.messages, messageKey);
  const writes: Write[] = [
    { table: TABLES.messageParts, key, value: undefined },
    { table: TABLES.messages, key: messageKey, value: undefined },
  ];
  if (message) writes.push(...keepLast(store, messageKey, message));
  if (!message || !indexToo(message)) return writes;
  const index = indexKey(sessionId, message);
  // A message that came for its placeholder in the meantime has this row now.
  const place = store.get<Place>(TABLES.messageIndex, index);
  return place?.[1] === n ? [...writes, { table: TABLES.messageIndex, key: index, value: undefined }] : writes;
};
