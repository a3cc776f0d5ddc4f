// What the log of a session keeps of what happened, and how it follows from the rows that a commit changes.
import type { Message, MessageStatus, SendFailure } from '../../shared/domain/message.js';
import { outwardStatus, type OutwardStatus, type Reason, type SessionState } from '../../shared/domain/session.js';
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type MessageMedia, type SessionRow } from '../supervisor-store.js';

/** Only what cannot be read elsewhere later; `at` is when the worker learned of it, in Unix milliseconds. */
export type EventRow =
  /** A message came to history, or took the place of its notice; it is the row [sessionId, second, n] of `messages`. */
  | { type: 'message'; at: number; id: string; place: [second: number, n: number] }
  | { type: 'message.status'; at: number; id: string; status: MessageStatus; failure?: SendFailure }
  /** The file of a message came to be here, or was given up. */
  | { type: 'media'; at: number; media: MessageMedia }
  | { type: 'session'; at: number; from: SessionState | null; to: SessionState; reason: Reason; status: OutwardStatus }
  /** The log came back from the object store; the numbers between `after` and its own are not used. */
  | { type: 'restored'; at: number; after: number };

interface Happening {
  sessionId: string;
  row: EventRow;
}

type Read = Pick<Store, 'get'>;

/** What the commit of `writes` tells, in their order. `store` still has what they change as it was. */
export const eventsOf = (store: Read, writes: readonly Write[], at: number): Happening[] =>
  writes.flatMap((write) => {
    const row = write.value === undefined ? undefined : TELLING[write.table]?.(store, write, at);
    return row ? [{ sessionId: String(write.key[0]), row }] : [];
  });

const ofMessage = (store: Read, write: Write, at: number): EventRow | undefined => {
  const { key, value } = write;
  const before = (write.before === undefined ? store.get(write.table, key) : write.before) as Message | null | undefined;
  const { id, type, status, failure } = value as Message;
  if (!before || (before.type === 'undecryptable' && type !== 'undecryptable')) {
    return { type: 'message', at, id, place: [Number(key[1]), Number(key[2])] };
  }
  return before.status === status ? undefined : { type: 'message.status', at, id, status, ...(failure && { failure }) };
};

/** Compared with what is stored: a change that could not be committed is told with the next one that could. */
const ofSession = (store: Read, { table, key, value }: Write, at: number): EventRow | undefined => {
  const before = store.get<SessionRow>(table, key);
  const { seq, state, reason, everConnected } = value as SessionRow;
  if (before?.seq === seq) return undefined;
  return { type: 'session', at, from: before?.state ?? null, to: state, reason, status: outwardStatus(state, everConnected) };
};

const ofMedia = (store: Read, { table, key, value }: Write, at: number): EventRow | undefined => {
  const media = value as MessageMedia;
  return media.state === 'wanted' || store.get<MessageMedia>(table, key)?.state === media.state ? undefined : { type: 'media', at, media };
};

const TELLING: Partial<Record<string, typeof ofMessage>> = {
  [TABLES.messages]: ofMessage,
  [TABLES.sessions]: ofSession,
  [TABLES.messageMedia]: ofMedia,
};
