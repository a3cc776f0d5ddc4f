// Whether the history of the sessions agrees with itself: messages, where they stand, their days and their parts.
import type { Message } from '../shared/domain/message.js';
import type { Findings } from '../shared/store/check-store.js';
import type { StoreReader } from '../shared/store/store-reader.js';
import { dayOf } from './messages/message-day.js';
import { indexKey, type Place } from './messages/message-index.js';
import { TABLES, type MessageCount, type MessageDay } from './supervisor-store.js';

type Reader = Pick<StoreReader, 'get' | 'range'>;

/** Synchronous, so that all of it sees one state of the store. */
export const checkMessages = (reader: Reader, sessionId: string, findings: Findings): void => {
  const days = new Map(
    [...reader.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId] })].map(({ key, value }) => [String(key[1]), value]),
  );
  // Rows of parts that are only in the object store count for nothing here, nor do those of a day that is being removed.
  const isLocal = (day: string, part: number): boolean => {
    const row = days.get(day);
    return row === undefined || (part >= row.remoteParts && row.count > 0);
  };
  const { highest, perDay } = checkRows(reader, sessionId, isLocal, findings);
  checkReferences(reader, sessionId, isLocal, findings);

  const count = reader.get<MessageCount>(TABLES.messageCounts, [sessionId]) ?? { total: 0, n: 0 };
  if (highest > count.n) findings.error(`session ${sessionId} has message ${highest} and counts to ${count.n}`);
  const total = [...days.values()].reduce((sum, day) => sum + day.count, 0);
  if (total !== count.total) findings.error(`session ${sessionId} counts ${count.total} messages, and ${total} by its days`);
  for (const [day, row] of days) {
    const found = perDay.get(day) ?? 0;
    if (row.remoteParts === 0 && row.count > 0 && found !== row.count) {
      findings.error(`day ${day} of session ${sessionId} counts ${row.count} messages and has ${found}`);
    }
  }
  for (const { key } of reader.range(TABLES.changedParts, { prefix: [sessionId] })) {
    const day = days.get(String(key[1]));
    if (!day || Number(key[2]) > day.part)
      findings.warning(`part ${String(key[1])}/${Number(key[2])} of session ${sessionId} has changed and does not exist`);
  }
};

type IsLocal = (day: string, part: number) => boolean;

const checkRows = (
  reader: Reader,
  sessionId: string,
  isLocal: IsLocal,
  findings: Findings,
): { highest: number; perDay: Map<string, number> } => {
  let highest = 0;
  const perDay = new Map<string, number>();
  for (const { key, value: message } of reader.range<Message>(TABLES.messages, { prefix: [sessionId] })) {
    const [second, n] = [Number(key[1]), Number(key[2])];
    const day = dayOf(second);
    highest = Math.max(highest, n);
    perDay.set(day, (perDay.get(day) ?? 0) + 1);
    const place = reader.get<Place>(TABLES.messageIndex, indexKey(sessionId, message));
    // A placeholder in the object store is no longer indexed, and may have been followed by its message.
    if (message.type === 'undecryptable' && place?.[1] !== n) continue;
    if (place?.[0] !== second || place[1] !== n) {
      findings.error(`message ${n} of session ${sessionId} is not indexed where it stands`);
    } else if (isLocal(day, place[2]) && reader.get(TABLES.messageParts, [sessionId, day, place[2], n]) !== second) {
      findings.error(`message ${n} of session ${sessionId} is missing in part ${day}/${place[2]}`);
    }
  }
  return { highest, perDay };
};

const checkReferences = (reader: Reader, sessionId: string, isLocal: IsLocal, findings: Findings): void => {
  const stands = (second: number, n: number): boolean => reader.get(TABLES.messages, [sessionId, second, n]) !== undefined;
  for (const { value } of reader.range<Place>(TABLES.messageIndex, { prefix: [sessionId] })) {
    const [second, n, part] = value;
    if (isLocal(dayOf(second), part) && !stands(second, n))
      findings.error(`message ${n} of session ${sessionId} is indexed and does not exist`);
  }
  for (const { key, value: second } of reader.range<number>(TABLES.messageParts, { prefix: [sessionId] })) {
    const [day, part, n] = [String(key[1]), Number(key[2]), Number(key[3])];
    if (isLocal(day, part) && !stands(second, n))
      findings.error(`part ${day}/${part} of session ${sessionId} names message ${n}, which does not exist`);
  }
};
