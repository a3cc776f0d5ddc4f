// Index rows of messages that are no longer here.
import type { Key, Row, Store, Write } from '../../shared/store/store.js';
import { TABLES } from '../supervisor-store.js';
import type { Place } from './message-index.js';

/** Rows looked at before other work gets its turn. */
const AT_ONCE = 1_000;

/**
 * Forgets which messages of before second `before` were received, but not those that still lie here. Each batch, which may be empty, is to
 * be committed before the next is asked for.
 */
export function* forgetOldIndex(store: Store, sessionId: string, before: number): Generator<Write[]> {
  for (let from: Key | undefined = [sessionId]; from;) {
    const rows: Row<Place>[] = [...store.range<Place>(TABLES.messageIndex, { prefix: [sessionId], from, limit: AT_ONCE })];
    yield rows
      .filter(({ value: [second, n] }) => second < before && store.get(TABLES.messages, [sessionId, second, n]) === undefined)
      .map(({ key }) => ({ table: TABLES.messageIndex, key, value: undefined }));
    const last = rows.length === AT_ONCE ? rows.at(-1) : undefined;
    // The first key after that one.
    from = last && [...last.key, 0];
  }
}
