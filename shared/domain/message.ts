import { z } from 'zod';
import { Quoted } from './message-details.js';

/** Delivery of a message, in the order it can move; a status never moves backwards. */
export const MESSAGE_STATUSES = ['pending', 'failed', 'sent', 'delivered', 'read', 'played'] as const;
export const MessageStatus = z.enum(MESSAGE_STATUSES);
export type MessageStatus = z.infer<typeof MessageStatus>;

/** True when `to` is further along than `from`. */
export const advances = (from: MessageStatus, to: MessageStatus): boolean => MESSAGE_STATUSES.indexOf(to) > MESSAGE_STATUSES.indexOf(from);

/** WhatsApp has not confirmed it, so nobody else may have it. */
export const isUnconfirmed = ({ status }: { status: MessageStatus }): boolean => status === 'pending' || status === 'failed';

/** Why a message was not sent: a code of the catalogue of errors, and its sentence. */
export const SendFailure = z.object({ code: z.string(), message: z.string() });
export type SendFailure = z.infer<typeof SendFailure>;

/** When a recipient had a message delivered, read and played, in Unix seconds; 0: not known. */
export const Receipt = z.tuple([z.number().int(), z.number().int(), z.number().int()]);
export type Receipt = z.infer<typeof Receipt>;

/** WhatsApp counts no further. */
export const MOST_OFTEN_FORWARDED = 1_000;

/** A message as history keeps it. Times are Unix milliseconds, jids carry no device. */
export const Message = z.object({
  id: z.string(),
  /** The conversation: a person's phone-number jid when known, else the LID, or a group. */
  chat: z.string(),
  /** The same person's other identity, when WhatsApp told it. */
  chatAlt: z.string().optional(),
  from: z.string(),
  fromAlt: z.string().optional(),
  to: z.string(),
  fromMe: z.boolean(),
  /** `text`, one of `MESSAGE_DETAILS`, or what the protocol calls a content of another kind; `undecryptable` when nothing could be read. */
  type: z.string(),
  /** What a person reads: text, caption, question, choice, emoji; null where there is nothing of that kind, or it was revoked. */
  content: z.string().nullable(),
  /** As `MESSAGE_DETAILS` has it for the type. */
  details: z.record(z.string(), z.unknown()).optional(),
  quoted: Quoted.optional(),
  /** Jids of those the text mentions. */
  mentions: z.array(z.string()).optional(),
  /** How often it was forwarded, as far as WhatsApp counts. */
  forwarded: z.number().int().positive().optional(),
  timestamp: z.number().int(),
  status: MessageStatus,
  /** While its status is `failed`. */
  failure: SendFailure.optional(),
  pushName: z.string().optional(),
  /** Base64 of the protobuf message, kept for every type but text. */
  raw: z.string().optional(),
  /** When its author changed the content to what it is now. */
  editedAt: z.number().int().optional(),
  /** Id of the message that did so. */
  editId: z.string().optional(),
  /** When its author deleted it for everyone. */
  revokedAt: z.number().int().optional(),
  /** Of a message of our own: who confirmed it, by jid as WhatsApp told it. */
  receipts: z.record(z.string(), Receipt).optional(),
});
export type Message = z.infer<typeof Message>;
