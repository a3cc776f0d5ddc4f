// Events of a session after a number, in their order, each with what can still be read of it.
import type { Message, MessageStatus, SendFailure } from '../../shared/domain/message.js';
import type { OutwardStatus, Reason, SessionState } from '../../shared/domain/session.js';
import { AppError } from '../../shared/errors.js';
import type { Row, Store } from '../../shared/store/store.js';
import { viewOf, type MediaView, type ShownMessage } from '../media/media-view.js';
import type { RemoteHistory } from '../messages/remote-history.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';
import type { EventRow } from './event-row.js';
import { eventOf, type KeptEvent } from './kept-event.js';

/** Times are Unix milliseconds. */
export type LoggedEvent = { seq: number } & (
  | { type: 'message'; at: number; messageId: string; message: ShownMessage | undefined }
  | { type: 'message.status'; at: number; messageId: string; status: MessageStatus; failure?: SendFailure | undefined }
  | { type: 'media'; at: number; messageId: string; media: MediaView }
  | { type: 'session'; at: number; from: SessionState | null; to: SessionState; reason: Reason; status: OutwardStatus }
  | { type: 'restored'; at: number; after: number }
  /** The disk refused the commit that this number was meant for. */
  | { type: 'void' }
);

export interface EventRange {
  /** The last number the consumer has; from the oldest event that is kept without it. */
  after?: number | undefined;
  limit: number;
  /** When the session was created that `after` belongs to. */
  createdAt?: number | undefined;
}

export interface EventPage {
  events: LoggedEvent[];
  /** Of the session: one of the same id that was made anew counts from 1 again. */
  createdAt: number;
  /** Of those that are kept; one above `newest` when there are none. */
  oldest: number;
  /** The last number given out. */
  newest: number;
}

interface EventPageOptions {
  store: Pick<Store, 'range'>;
  /** Messages that are only in the object store; without it they are not shown. */
  remote: Pick<RemoteHistory, 'message'> | undefined;
  /** What there is to tell of a message's file; without it nothing is. */
  media?: (sessionId: string, message: Message) => MediaView | undefined;
}

/** @throws EVENTS_GONE when something after `after` is no longer kept; STORAGE_UNAVAILABLE when a message is in the object store and it cannot be read */
export const readEvents = async (
  { store, remote, media }: EventPageOptions,
  { sessionId, createdAt }: Pick<SessionRow, 'sessionId' | 'createdAt'>,
  range: EventRange,
): Promise<EventPage> => {
  // All of one moment, and only what is committed: a number that was shown once is never given out again.
  const [head] = store.range<number>(TABLES.eventHeads, { prefix: [sessionId], limit: 1 });
  const [first] = store.range<KeptEvent>(TABLES.events, { prefix: [sessionId], limit: 1 });
  const newest = head?.value ?? 0;
  const oldest = first ? Number(first.key[1]) : newest + 1;
  const kept = { createdAt, oldest, newest };
  const after = range.after ?? oldest - 1;
  const begin = first && eventOf(first.value);
  const reach = begin?.type === 'restored' ? begin.after : oldest - 1;
  const why = goneBecause({ ...kept, reach }, { ...range, after });
  if (why !== undefined) {
    const details = { createdAt: new Date(createdAt).toISOString(), oldest, newest };
    throw new AppError('EVENTS_GONE', `${why} Read the session's status and messages, then go on with the events after ${newest}.`, {
      details,
    });
  }
  const rows = [...store.range<KeptEvent>(TABLES.events, { prefix: [sessionId], from: [sessionId, after + 1], limit: range.limit })];
  const events: LoggedEvent[] = [];
  for (const row of withoutHoles(rows, after).slice(0, range.limit))
    events.push(await shown(row, sessionId, { store, remote, ...(media && { media }) }));
  return { events, ...kept };
};

const goneBecause = (
  { createdAt, newest, reach }: Pick<EventPage, 'createdAt' | 'newest'> & { reach: number },
  { after, createdAt: expected = createdAt }: EventRange & { after: number },
): string | undefined => {
  if (expected !== createdAt) return 'The session was deleted and made anew.';
  if (after > newest) return 'There is no event with such a number yet; the session was probably deleted and made anew.';
  if (after < reach) return 'Events after this one are no longer kept.';
  return undefined;
};

type NumberedRow = { seq: number; row: EventRow | undefined };

/** Commits end in their order, so a number that is missing below one that is there will never come. */
const withoutHoles = (rows: readonly Row<KeptEvent>[], after: number): NumberedRow[] => {
  let expected = after + 1;
  return rows.flatMap(({ key, value }) => {
    const row = eventOf(value);
    const seq = Number(key[1]);
    const holes = row.type === 'restored' ? 0 : seq - expected;
    const missing = Array.from({ length: holes }, (_, index): NumberedRow => ({ seq: seq - holes + index, row: undefined }));
    expected = seq + 1;
    return [...missing, { seq, row }];
  });
};

const shown = async ({ seq, row }: NumberedRow, sessionId: string, { store, remote, media }: EventPageOptions): Promise<LoggedEvent> => {
  if (!row) return { seq, type: 'void' };
  switch (row.type) {
    case 'message': {
      const { type, at, id, place } = row;
      const [here] = store.range<Message>(TABLES.messages, { prefix: [sessionId, ...place], limit: 1 });
      const message = here?.value ?? (await remote?.message(sessionId, place));
      return { seq, type, at, messageId: id, message: message && { ...message, media: media?.(sessionId, message) } };
    }
    case 'media':
      return { seq, type: row.type, at: row.at, messageId: row.media.id, media: viewOf(sessionId, row.media) };
    case 'message.status':
      return { seq, type: row.type, at: row.at, messageId: row.id, status: row.status, failure: row.failure };
    case 'session':
    case 'restored':
      return { seq, ...row };
  }
};
