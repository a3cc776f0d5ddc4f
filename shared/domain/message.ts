import { z } from 'zod';

/** Delivery of a message, in the order it can move; a status never moves backwards. */
export const MESSAGE_STATUSES = ['pending', 'failed', 'sent', 'delivered', 'read', 'played'] as const;
export const MessageStatus = z.enum(MESSAGE_STATUSES);
export type MessageStatus = z.infer<typeof MessageStatus>;

/** True when `to` is further along than `from`. */
export const advances = (from: MessageStatus, to: MessageStatus): boolean => MESSAGE_STATUSES.indexOf(to) > MESSAGE_STATUSES.indexOf(from);

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
  /** `text`, or what the protocol calls the content (`image`, `sticker`, `pollCreation`, …); `undecryptable` when nothing could be read. */
  type: z.string(),
  /** Text or caption; null where the type has none. */
  content: z.string().nullable(),
  timestamp: z.number().int(),
  status: MessageStatus,
  pushName: z.string().optional(),
  /** Base64 of the protobuf message, kept for every type but text. */
  raw: z.string().optional(),
});
export type Message = z.infer<typeof Message>;

/** What a client asks to be sent. */
export const OutgoingContent = z.discriminatedUnion('type', [z.object({ type: z.literal('text'), text: z.string().min(1) })]);
export type OutgoingContent = z.infer<typeof OutgoingContent>;
