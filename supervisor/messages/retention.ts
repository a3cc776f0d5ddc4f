// What is older than it should be kept: here and in the object store.
import { KEYS } from '../../shared/object-store/keys.js';
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type MessageCount, type MessageDay } from '../supervisor-store.js';
import { anyChanged } from './changed-parts.js';
import { removeRows } from './local-rows.js';

/** To be committed, or objects to be deleted, before the next step is asked for. */
export type RetentionStep = { writes: Write[] } | { objects: string[] };

/** Days of a session before day `before`, the oldest first. */
export const daysBefore = (store: Store, sessionId: string, before: string): string[] => {
  const days: string[] = [];
  for (const { key } of store.range(TABLES.messageDays, { prefix: [sessionId] })) {
    if (String(key[1]) >= before) break;
    days.push(String(key[1]));
  }
  return days;
};

/**
 * Removes a day for good. Its messages stop being counted first, then the rows go, then the files, and the row of the day last: whatever
 * interrupts this, the next call goes on with it. A day that is being written to the object store, or gets messages meanwhile, is left to
 * the next run, so that no file comes after its removal.
 * @param shared whether there is an object store; without one a day that has files there is left alone
 */
export function* expireDay(store: Store, sessionId: string, day: string, shared: boolean): Generator<RetentionStep> {
  const key = [sessionId, day];
  const dayRow = (): MessageDay | undefined => store.get<MessageDay>(TABLES.messageDays, key);
  const before = dayRow();
  if (!before || (shared ? anyChanged(store, sessionId, day, 0, before.part) : before.remoteParts > 0)) return;
  if (before.count > 0) yield { writes: uncounted(store, sessionId, day, before) };
  for (const writes of removeRows(store, sessionId, day, { end: Infinity, indexToo: () => true })) {
    if (!dayRow()) return;
    yield { writes };
  }
  const { part = before.part } = dayRow() ?? {};
  const parts = Array.from({ length: part + 1 }, (_, index) => index);
  if (shared) yield { objects: parts.map((index) => KEYS.messagePart(sessionId, day, index)) };
  const after = dayRow();
  if (after?.count !== 0 || after.part !== part || (shared && anyChanged(store, sessionId, day, 0, part))) return;
  yield {
    writes: [
      { table: TABLES.messageDays, key, value: undefined },
      ...[TABLES.partSpans, TABLES.changedParts].flatMap((table) =>
        parts.map((index) => ({ table, key: [sessionId, day, index], value: undefined })),
      ),
    ],
  };
}

const uncounted = (store: Store, sessionId: string, day: string, before: MessageDay): Write[] => {
  const count = store.get<MessageCount>(TABLES.messageCounts, [sessionId]) ?? { total: 0, n: 0 };
  return [
    { table: TABLES.messageCounts, key: [sessionId], value: { ...count, total: count.total - before.count } },
    { table: TABLES.messageDays, key: [sessionId, day], value: { ...before, count: 0 } },
  ];
};
