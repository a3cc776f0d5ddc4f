// A message as the files of the object store have it.
import { z } from 'zod';
import { isGroup } from '../../shared/domain/ids.js';
import { Message, type MessageStatus } from '../../shared/domain/message.js';
import { inNamedDay } from './message-day.js';

/** A message and its place in the order of its session. */
export interface StoredMessage {
  second: number;
  n: number;
  message: Message;
}

export const MessageRecord = Message.extend({
  /** ISO 8601 in UTC. */
  timestamp: z.iso.datetime(),
  n: z.number().int(),
  editedAt: z.iso.datetime().optional(),
  revokedAt: z.iso.datetime().optional(),
  /** Only when it is not that of the timestamp: the message took the place of an earlier notice. */
  second: z.number().int().optional(),
});
export type MessageRecord = z.infer<typeof MessageRecord>;

/** Every status is at most as long, so a status that moves does not change what a record measures. */
const LONGEST_STATUS: MessageStatus = 'delivered';
/** As long as every second for the next centuries. */
const LATEST_SECOND = 9_999_999_999;

export const recordOf = ({ second, n, message }: StoredMessage): MessageRecord => {
  const { id, from, to, type, content, status, chat, chatAlt, fromAlt, fromMe, pushName, raw, details, quoted, mentions, forwarded } =
    message;
  const timestamp = inNamedDay(message.timestamp);
  // One literal: spreads would be most of the cost of a message.
  return {
    id,
    from,
    to,
    type,
    content,
    timestamp: new Date(timestamp).toISOString(),
    status,
    chat,
    chatAlt,
    fromAlt,
    fromMe,
    pushName,
    details,
    quoted,
    mentions,
    forwarded,
    raw,
    editedAt: isoOf(message.editedAt),
    editId: message.editId,
    revokedAt: isoOf(message.revokedAt),
    receipts: message.receipts,
    n,
    second: second === secondOf(timestamp) ? undefined : second,
  };
};

export const messageOfRecord = ({ n, second, timestamp: iso, editedAt, revokedAt, ...rest }: MessageRecord): StoredMessage => {
  const timestamp = Date.parse(iso);
  const changed = {
    ...(editedAt !== undefined && { editedAt: Date.parse(editedAt) }),
    ...(revokedAt !== undefined && { revokedAt: Date.parse(revokedAt) }),
  };
  return { second: second ?? secondOf(timestamp), n, message: { ...rest, timestamp, ...changed } };
};

const isoOf = (time: number | undefined): string | undefined => (time === undefined ? undefined : new Date(inNamedDay(time)).toISOString());

/** What the receipt of one person takes, but for the name of that person. */
const RECEIPT_BYTES = JSON.stringify({ receipts: { '': [LATEST_SECOND, LATEST_SECOND, LATEST_SECOND] } }).length - 1;

/** A message to one person measures what it will with that one's receipt, so that most messages do not grow when they get further. */
const expectsReceipt = ({ fromMe, chat, receipts }: Message): boolean =>
  fromMe && !isGroup(chat) && (receipts === undefined || Object.keys(receipts).length < 2);

/** What the record takes in a file, with the comma before the next. */
export const recordBytes = ({ second, n, message }: StoredMessage): number => {
  const expects = expectsReceipt(message);
  const { receipts, chat } = message;
  const measured = { ...message, status: LONGEST_STATUS, receipts: expects ? undefined : receipts };
  const bytes = Buffer.byteLength(JSON.stringify(recordOf({ second, n, message: measured }))) + 1;
  return expects ? bytes + RECEIPT_BYTES + chat.length : bytes;
};

/** How much more the record takes of a message that got further: of what comes then besides its status, all else is as it was. */
export const settledGrowth = (before: Message, after: Message): number =>
  fieldBytes('raw', after.raw) - fieldBytes('raw', before.raw) + receiptBytes(after) - receiptBytes(before);

const receiptBytes = (message: Message): number =>
  expectsReceipt(message) ? RECEIPT_BYTES + message.chat.length : fieldBytes('receipts', message.receipts);

const fieldBytes = (name: keyof Message, value: unknown): number =>
  value === undefined ? 0 : Buffer.byteLength(JSON.stringify({ [name]: value })) - 1;

export const secondOf = (timestamp: number): number => Math.floor(timestamp / 1000);
