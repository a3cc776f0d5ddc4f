import { z } from 'zod';
import { SessionId } from '../../../shared/domain/ids.js';
import { MESSAGE_STATUSES, SendFailure } from '../../../shared/domain/message.js';
import { Reason, SESSION_STATES } from '../../../shared/domain/session.js';
import { Amount, count, Time, wholeNumber } from './fields.js';
import { HistoryMessage, MediaState } from './message.js';
import { SessionStatus } from './session.js';

const eventNumber = (name: string) =>
  wholeNumber(name, 0, Number.MAX_SAFE_INTEGER, `${name} must be the number of an event, given once`).optional();
const created = 'createdAt must be the createdAt of the session, in ISO 8601 in UTC';

export const EventsQuery = z.object({
  after: eventNumber('after'),
  limit: count('limit', 1, 500, 100),
  createdAt: z.iso.datetime({ error: created }).transform(Date.parse).optional(),
  include: z
    .literal('presence', { error: 'include must be presence, given once' })
    .optional()
    .meta({ description: 'Of a stream: tell who comes, goes and types, too.' }),
});
export const EventsHeaders = z.object({ 'last-event-id': eventNumber('Last-Event-ID') });

const head = { sessionId: SessionId, seq: z.int() };
const State = z.enum(SESSION_STATES);

export const SessionEvent = z
  .discriminatedUnion('type', [
    z.object({ ...head, type: z.literal('message'), at: Time, messageId: z.string(), message: HistoryMessage.nullable() }),
    z.object({
      ...{ ...head, type: z.literal('message.status'), at: Time, messageId: z.string(), status: z.enum(MESSAGE_STATUSES) },
      error: SendFailure.optional().meta({ description: 'Why it has the status `failed`.' }),
    }),
    z.object({ ...head, type: z.literal('media'), at: Time, messageId: z.string(), media: MediaState }),
    z.object({
      ...{ ...head, type: z.literal('session'), at: Time },
      ...{ from: State.nullable(), to: State, status: SessionStatus, reason: Reason, message: z.string() },
    }),
    z.object({ ...head, type: z.literal('restored'), at: Time, after: Amount }),
    z.object({ ...head, type: z.literal('void') }),
  ])
  .meta({ id: 'Event' });

export const EventsPage = z.object({ events: z.array(SessionEvent), createdAt: Time, oldest: Amount, newest: Amount });
