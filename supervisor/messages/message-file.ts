// A part of a day as a file of the object store: rendered from its rows, and read back into them.
import { setImmediate } from 'node:timers/promises';
import { z } from 'zod';
import type { Message } from '../../shared/domain/message.js';
import { DamagedError, openJson, sealBytes } from '../../shared/store/sealed-json.js';
import type { Row, Store, Write } from '../../shared/store/store.js';
import { TABLES, type MessageDay } from '../supervisor-store.js';
import { indexKey, type Place } from './message-index.js';
import { messageOfRecord, recordOf, type MessageRecord, type StoredMessage } from './message-record.js';

/** Who wrote a file. */
interface FileOrigin {
  workerId: string;
  /** Journal number whose changes it includes. */
  generation: number;
}

export interface MessageFile extends FileOrigin {
  sessionId: string;
  day: string;
  part: number;
  messages: StoredMessage[];
}

interface RenderedPart {
  /** Undefined when the part has no rows here: it is only in the object store, or its session or day is being removed. */
  body: Buffer | undefined;
  /** The change it reflects, for `partWritten`; 0 when the part was not marked as changed. */
  number: number;
}

const isRecord = (value: unknown): boolean => {
  const { id, from, to, timestamp, n } = value as Partial<MessageRecord>;
  return [id, from, to, timestamp].every((member) => typeof member === 'string') && typeof n === 'number';
};

const MessageFileShape = z.object({
  sessionId: z.string(),
  date: z.iso.date(),
  part: z.number().int().nonnegative(),
  generation: z.number().int(),
  workerId: z.string(),
  // The checksum says that it is what we wrote; looking into each record again would be most of the cost of reading it.
  messages: z.array(z.custom<MessageRecord>(isRecord)),
});

/** Messages read before other work gets its turn. */
const AT_ONCE = 1_000;
/** Messages that lie elsewhere than after the one before, from which on all are read singly. */
const MOST_STRAYS = 50;

/** Reads the rows of this part and no others. What changes meanwhile may be in the body, and keeps the part marked. */
export const renderPart = async (
  store: Store,
  { sessionId, day, part }: { sessionId: string; day: string; part: number },
  { workerId, generation }: FileOrigin,
): Promise<RenderedPart> => {
  const prefix = [sessionId, day, part];
  // Both of one moment and only what is committed: a number never promises a message that the rows do not have.
  const [marked] = store.range<number>(TABLES.changedParts, { prefix, limit: 1 });
  const rows = [...store.range<number>(TABLES.messageParts, { prefix })];
  const number = marked?.value ?? 0;
  const messages: MessageRecord[] = [];
  const reading = new MessagesInOrder(store, sessionId);
  for (const [index, { key, value: second }] of rows.entries()) {
    if (index % AT_ONCE === AT_ONCE - 1) {
      reading.pause();
      await setImmediate();
    }
    const n = Number(key[3]);
    const message = reading.next(second, n);
    if (!message) break;
    messages.push(recordOf({ second, n, message }));
  }
  reading.pause();
  // Rows that an interrupted eviction left are not the whole part.
  const remoteParts = store.get<MessageDay>(TABLES.messageDays, [sessionId, day])?.remoteParts ?? 0;
  if (messages.length === 0 || messages.length < rows.length || part < remoteParts) return { body: undefined, number };
  return { body: sealBytes(JSON.stringify({ sessionId, date: day, part, generation, workerId, messages })), number };
};

/** Reads messages one after the other where they lie so, which takes half of the time, and singly otherwise. */
class MessagesInOrder {
  readonly #store: Store;
  readonly #sessionId: string;
  #run: Generator<Row<Message>, void> | undefined;
  #strays = 0;

  constructor(store: Store, sessionId: string) {
    this.#store = store;
    this.#sessionId = sessionId;
  }

  /** To be called before a turn ends: a run sees the store as it was when it began. */
  pause(): void {
    this.#run?.return();
    this.#run = undefined;
  }

  next(second: number, n: number): Message | undefined {
    const key = [this.#sessionId, second, n];
    if (this.#strays < MOST_STRAYS) {
      this.#run ??= this.#store.range<Message>(TABLES.messages, { prefix: [this.#sessionId], from: key });
      const { value: row } = this.#run.next();
      if (row?.key[1] === second && row.key[2] === n) return row.value;
      this.#strays++;
      this.pause();
    }
    return this.#store.get<Message>(TABLES.messages, key);
  }
}

/** @throws DamagedError */
export const readPart = (body: Buffer): MessageFile => {
  const parsed = MessageFileShape.safeParse(openJson(body));
  if (!parsed.success) throw new DamagedError('the content has another shape', { cause: parsed.error });
  const { date, messages, ...rest } = parsed.data;
  return { ...rest, day: date, messages: messages.map(messageOfRecord) };
};

/** Puts the messages of a file back with their index and their part; again and again with the same result. Counts are not touched. */
export const restoreWrites = ({ sessionId, day, part, messages }: MessageFile): Write[] =>
  messages.flatMap(({ second, n, message }) => [
    { table: TABLES.messages, key: [sessionId, second, n], value: message },
    { table: TABLES.messageIndex, key: indexKey(sessionId, message), value: [second, n, part] satisfies Place },
    { table: TABLES.messageParts, key: [sessionId, day, part, n], value: second },
  ]);
