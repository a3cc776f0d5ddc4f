// Schema version 2: days and parts of the messages of version 1. Table names are those of then, whatever they are called later.
import type { Message } from '../../shared/domain/message.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { MessageDay } from '../supervisor-store.js';
import { dayOf, withMessage } from './message-day.js';
import { indexKey } from './message-index.js';
import { recordBytes } from './message-record.js';

const MESSAGES_PER_BATCH = 500;
const WRITES_PER_MESSAGE = 4;

/** Every message gets the same part each time, so all may be made again after a crash. */
export function* migrateDays(store: Store): Generator<Write[]> {
  let batch: Write[] = [];
  let current: { sessionId: string; day: string; row: MessageDay } | undefined;
  for (const { key, value: message } of store.range<Message>('messages')) {
    const [sessionId, second, n] = [String(key[0]), Number(key[1]), Number(key[2])];
    const day = dayOf(second);
    const before = current?.sessionId === sessionId && current.day === day ? current.row : undefined;
    const row = withMessage(before, recordBytes({ second, n, message }));
    current = { sessionId, day, row };
    batch.push(
      { table: 'messageIndex', key: indexKey(sessionId, message), value: [second, n, row.part] },
      { table: 'messageParts', key: [sessionId, day, row.part, n], value: second },
      { table: 'messageDays', key: [sessionId, day], value: row },
      { table: 'changedParts', key: [sessionId, day, row.part], value: 1 },
    );
    if (batch.length < MESSAGES_PER_BATCH * WRITES_PER_MESSAGE) continue;
    yield batch;
    batch = [];
  }
  yield batch;
}
