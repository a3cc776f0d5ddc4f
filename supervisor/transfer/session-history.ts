// The whole history of a session, day by day, from a worker that is stopped: what is here, and what is only in the object store.
import type { Message } from '../../shared/domain/message.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import type { StoreReader } from '../../shared/store/store-reader.js';
import { readPart } from '../messages/message-file.js';
import type { StoredMessage } from '../messages/message-record.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { TransferRefusedError } from './session-source.js';

export interface HistorySource {
  reader: Pick<StoreReader, 'get' | 'range'>;
  /** Asked for only when a day is not here; undefined when there is none. */
  objects: () => Promise<Pick<ObjectStore, 'get'> | undefined>;
}

export interface HistoryDay {
  day: string;
  /** The oldest first. */
  messages: StoredMessage[];
}

/** @throws TransferRefusedError for a day that is not complete, ObjectStoreError */
export async function* historyOf({ reader, objects }: HistorySource, sessionId: string): AsyncGenerator<HistoryDay> {
  const days = [...reader.range<MessageDay>(TABLES.messageDays, { prefix: [sessionId] })];
  for (const { key, value } of days) {
    const day = String(key[1]);
    const messages: StoredMessage[] = [];
    for (let part = 0; part < value.remoteParts; part++) messages.push(...(await remotePart(objects, sessionId, day, part)));
    messages.push(...localMessages(reader, sessionId, day, value.remoteParts));
    if (messages.length > 0) yield { day, messages: messages.sort((a, b) => a.second - b.second || a.n - b.n) };
  }
}

/** Rows of parts below `remoteParts` are what an interrupted eviction left: they are in their files too. */
const localMessages = (reader: HistorySource['reader'], sessionId: string, day: string, remoteParts: number): StoredMessage[] =>
  [...reader.range<number>(TABLES.messageParts, { prefix: [sessionId, day], from: [sessionId, day, remoteParts] })].flatMap(
    ({ key, value: second }) => {
      const n = Number(key[3]);
      const message = reader.get<Message>(TABLES.messages, [sessionId, second, n]);
      return message ? [{ second, n, message }] : [];
    },
  );

const remotePart = async (objects: HistorySource['objects'], sessionId: string, day: string, part: number): Promise<StoredMessage[]> => {
  const store = await objects();
  if (!store) throw new TransferRefusedError('older days of it are only in the object store; set MINIO_ENDPOINT and its keys');
  const key = KEYS.messagePart(sessionId, day, part);
  const object = await store.get(key);
  if (!object) throw new TransferRefusedError(`the object ${key} with its messages is missing`);
  try {
    return readPart(object.body).messages;
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    throw new TransferRefusedError(`the object ${key} with its messages is damaged`, { cause: error });
  }
};
