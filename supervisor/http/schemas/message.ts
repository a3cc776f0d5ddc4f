import { z } from 'zod';
import { MEDIA_FAILURES } from '../../../shared/domain/media.js';
import { MESSAGE_STATUSES, SendFailure } from '../../../shared/domain/message.js';
import { Quoted } from '../../../shared/domain/message-details.js';
import { positionOf } from '../../messages/cursor.js';
import { recipient, string, Time } from './fields.js';
import { cursor, PageQuery, Pagination } from './page.js';
import { ShownPerson } from './person.js';
import { SessionPath } from './session.js';

export const Status = z.enum(MESSAGE_STATUSES);

export const MediaState = z
  .object({
    state: z.enum(['stored', 'wanted', 'failed', 'available']),
    url: z.string().meta({ description: 'Path of the file.' }),
    key: z.string().optional().meta({ description: 'Of the object store.' }),
    mimetype: z.string().optional(),
    bytes: z.int().optional(),
    sha256: z.string().optional(),
    reason: z.enum(MEDIA_FAILURES).optional().meta({ description: 'Why it was given up.' }),
  })
  .meta({ id: 'Media' });

/** A message as history and events show it. */
export const HistoryMessage = z
  .object({
    id: z.string(),
    from: z.string(),
    to: z.string(),
    type: z.string(),
    content: z.string().nullable(),
    timestamp: Time,
    status: Status,
    error: SendFailure.optional().meta({ description: 'Why it has the status `failed`.' }),
    fromMe: z.boolean(),
    chat: z.string(),
    details: z.record(z.string(), z.unknown()).optional().meta({ description: 'What it says beside its text, by type.' }),
    media: MediaState.optional().meta({ description: 'Its file, and where it is.' }),
    quoted: Quoted.optional().meta({ description: 'The message that this one answers.' }),
    mentions: z.array(z.string()).optional(),
    forwarded: z.int().optional(),
    editedAt: Time.optional(),
    revokedAt: Time.optional(),
  })
  .meta({ id: 'Message' });

const time = (name: string) =>
  z.iso
    .datetime({ offset: true, error: `${name} must be a time in ISO 8601` })
    .transform(Date.parse)
    .optional();

export const HistoryQuery = PageQuery.extend({
  cursor: cursor(positionOf),
  chat: recipient('chat').optional(),
  direction: z.enum(['in', 'out'], { error: 'direction must be in or out' }).optional(),
  type: string('type').min(1, 'type must not be empty').max(100, 'type must be at most 100 characters').optional(),
  status: z.enum(MESSAGE_STATUSES, { error: `status must be one of ${MESSAGE_STATUSES.join(', ')}` }).optional(),
  since: time('since'),
  until: time('until'),
}).refine(
  ({ offset, cursor: position, chat, direction, type, status, since, until }) =>
    offset === 0 || [position, chat, direction, type, status, since, until].every((given) => given === undefined),
  {
    path: ['offset'],
    message: 'offset goes with neither a cursor nor a filter; use the cursor alone',
  },
);

export const HistoryPage = z.object({
  messages: z.array(HistoryMessage),
  pagination: Pagination.partial({ total: true, offset: true }),
  nextCursor: z.string().optional().meta({ description: 'For the next page; absent when nothing is older.' }),
  looked: z.int().optional().meta({ description: 'With a filter: how many messages were looked at for this page.' }),
});

export const MessagePath = SessionPath.extend({
  messageId: string('messageId').min(1).max(200, 'messageId must be at most 200 characters'),
});
export const MessageQuery = z.object({ from: recipient('from').optional() });

export const Receipts = z.object({
  receipts: z.array(
    ShownPerson.extend({
      name: z.string().optional(),
      deliveredAt: Time.optional(),
      readAt: Time.optional(),
      playedAt: Time.optional(),
    }).meta({ id: 'Receipt' }),
  ),
});

export const EXAMPLE_MESSAGE = {
  id: '3EB008A2FED8F031B81973',
  from: '6281200000001@s.whatsapp.net',
  to: '6281200000002@s.whatsapp.net',
  type: 'text',
  content: 'Your order is ready.',
  timestamp: '2026-11-22T16:19:13.277Z',
  status: 'delivered',
  fromMe: true,
  chat: '6281200000002@s.whatsapp.net',
} as const satisfies z.input<typeof HistoryMessage>;
