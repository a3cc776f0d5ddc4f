// History of a session after a restore: its last days local again, the older ones read from the object store when they are asked for.
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import type { Store, Write } from '../../shared/store/store.js';
import { noteMessage } from '../chats/chat-rows.js';
import { Draft } from '../chats/draft.js';
import { PartMarks } from '../messages/changed-parts.js';
import { dayOf } from '../messages/message-day.js';
import { readPart, restoreWrites } from '../messages/message-file.js';
import { TABLES, type MessageCount, type MessageDay } from '../supervisor-store.js';
import type { TailRow } from './journal-tail.js';
import type { SessionData } from './session-files.js';

/** Messages put back in one commit. */
const AT_ONCE = 200;

/**
 * Counts again what is local. A file may be newer than the journal, and then what the journal says of counts is too low: a number given out
 * twice would hide a message.
 */
export const recountMessages = async (store: Store, sessionId: string): Promise<void> => {
  let { n } = store.get<MessageCount>(TABLES.messageCounts, [sessionId]) ?? { n: 0 };
  let total = 0;
  const writes: Write[] = [];
  for (const { key, value: day } of store.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId] })) {
    let count = 0;
    for (const row of store.range<number>(TABLES.messageParts, { prefix: key })) {
      count++;
      n = Math.max(n, Number(row.key[3]));
    }
    const counted = day.remoteParts === 0 ? { ...day, count } : day;
    total += counted.count;
    writes.push({ table: TABLES.messageDays, key, value: counted });
  }
  if (writes.length > 0) writes.push({ table: TABLES.messageCounts, key: [sessionId], value: { total, n } satisfies MessageCount });
  await store.commit(writes, { tracked: false });
};

export interface RestoreMessagesOptions {
  store: Store;
  objects: ObjectStore;
  sessionId: string;
  data: SessionData | undefined;
  /** Rows of the journal that the files do not include. */
  rows: readonly TailRow[];
  onDamaged: (key: string, error: DamagedError) => Promise<void>;
}

/**
 * Puts back counts and days. Days that the journal changes are local again, so that the caller can commit its rows of single messages
 * afterwards; all others are read from the object store.
 * @throws ObjectStoreError
 */
export const restoreMessages = async ({ store, objects, sessionId, data, rows, onDamaged }: RestoreMessagesOptions): Promise<void> => {
  const marks = new PartMarks(store);
  const days = new Map<string, MessageDay | undefined>(Object.entries(data?.days ?? {}));
  let count: MessageCount | undefined = data?.messageCount;
  const touched = new Set<string>();
  for (const { table, key, value } of rows) {
    if (table === TABLES.messageDays) days.set(String(key[1]), value && (store.decode(table, key, value) as MessageDay));
    if (table === TABLES.messageCounts) count = value && (store.decode(table, key, value) as MessageCount);
    if (table === TABLES.messages) touched.add(dayOf(Number(key[1])));
  }
  const writes: Write[] = count ? [{ table: TABLES.messageCounts, key: [sessionId], value: count }] : [];
  for (const [day, row] of days) {
    if (!row) continue;
    if (touched.has(day)) {
      writes.push({ table: TABLES.messageDays, key: [sessionId, day], value: row });
      for (let part = row.remoteParts; part <= row.part; part++) {
        await restorePart({ store, objects, key: KEYS.messagePart(sessionId, day, part), onDamaged });
        writes.push(marks.mark(sessionId, day, part));
      }
    } else {
      // The current part of a day that was evicted before may have nothing yet.
      const parts = row.part + (row.partBytes > 0 ? 1 : 0);
      const remote: MessageDay = { count: row.count, part: parts, partBytes: 0, remoteParts: parts };
      writes.push({ table: TABLES.messageDays, key: [sessionId, day], value: remote });
    }
  }
  await store.commit(writes, { tracked: false });
};

interface RestorePartOptions {
  store: Store;
  objects: Pick<ObjectStore, 'get'>;
  key: string;
  onDamaged: (key: string, error: DamagedError) => Promise<void>;
}

/** Puts the messages of one file back. One that was not written yet is in the journal. @throws ObjectStoreError */
export const restorePart = async ({ store, objects, key, onDamaged }: RestorePartOptions): Promise<void> => {
  const object = await objects.get(key);
  if (!object) return;
  try {
    const file = readPart(object.body);
    for (let from = 0; from < file.messages.length; from += AT_ONCE) {
      const messages = file.messages.slice(from, from + AT_ONCE);
      // A file may be newer than what the journal and the list of chats have.
      const draft = new Draft(store);
      for (const { second, n, message } of messages) noteMessage(draft, file.sessionId, [second, n], message, { old: true });
      await store.commit(restoreWrites({ ...file, messages }), { tracked: false, unread: true });
      await store.commit(draft.writes, { tracked: false });
    }
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    await onDamaged(key, error);
  }
};
