// What clients can have sent: what requests become, intents keep, runners compose and history shows.
import { z } from 'zod';
import { OutgoingFile, UploadedFile } from './outgoing-file.js';

const jid = z.string().min(1);
/** Id of a message of this session's history. */
const messageId = z.string().min(1);
/** The message that this one answers. */
const quotable = { quoted: messageId.optional() };
/** Those the text names as `@` and their number. */
const mentioning = { mentions: z.array(jid).min(1).optional() };

/** What a message that brings a file says beside it. */
const filed = { file: OutgoingFile, ...quotable };
const captioned = { caption: z.string().min(1).optional(), ...mentioning };
/** Shown once, then gone. */
const onlyOnce = { viewOnce: z.boolean() };

const Contact = z.object({
  name: z.string().min(1),
  /** Digits only, the country code first. */
  phones: z.array(z.string()).min(1),
  organization: z.string().optional(),
  email: z.string().optional(),
});
export type OutgoingContact = z.infer<typeof Contact>;

/** A type added here is missing, until it is added there, in `compose/compose.ts`, `shown-content.ts` and `send-body.ts`. */
export const OutgoingContent = z.discriminatedUnion('type', [
  z.object({ type: z.literal('text'), text: z.string().min(1), ...mentioning, ...quotable }),
  /** Degrees. */
  z.object({
    type: z.literal('location'),
    latitude: z.number(),
    longitude: z.number(),
    name: z.string().optional(),
    address: z.string().optional(),
    ...quotable,
  }),
  z.object({ type: z.literal('contacts'), contacts: z.array(Contact).min(1), ...quotable }),
  /** `selectable`: how many options one may choose; 0 for any number. */
  z.object({
    type: z.literal('poll'),
    question: z.string().min(1),
    options: z.array(z.string().min(1)).min(2),
    selectable: z.number().int().nonnegative(),
    ...quotable,
  }),
  /** An empty emoji takes the reaction back. */
  z.object({ type: z.literal('reaction'), messageId, emoji: z.string() }),
  z.object({ type: z.literal('edit'), messageId, text: z.string().min(1), ...mentioning }),
  /** Deletes it for everyone. */
  z.object({ type: z.literal('revoke'), messageId }),
  /** `seconds`: how long it stays pinned. */
  z.object({ type: z.literal('pin'), messageId, pinned: z.boolean(), seconds: z.number().int().nonnegative() }),
  z.object({ type: z.literal('forward'), messageId }),
  z.object({ type: z.literal('image'), ...filed, ...captioned, ...onlyOnce }),
  /** `animated`: played without sound, over and over. `note`: a round one, without a caption. */
  z.object({ type: z.literal('video'), ...filed, ...captioned, ...onlyOnce, animated: z.boolean(), note: z.boolean() }),
  /** `voice`: spoken into the phone, not a file of music. */
  z.object({ type: z.literal('audio'), ...filed, ...onlyOnce, voice: z.boolean() }),
  z.object({ type: z.literal('document'), ...filed, ...captioned, fileName: z.string().min(1) }),
  z.object({ type: z.literal('sticker'), ...filed }),
]);
export type OutgoingContent = z.infer<typeof OutgoingContent>;

/** A content, or one that is not there yet and says what it answers. */
type Referring = OutgoingContent | { quoted?: string | undefined };

/** Ids of the messages that it is about and that it answers, if any. */
export const referredIn = (content: Referring): { target: string | undefined; quoted: string | undefined } => ({
  target: 'messageId' in content ? content.messageId : undefined,
  quoted: 'quoted' in content ? content.quoted : undefined,
});
export type OutgoingType = OutgoingContent['type'];
export type ContentOf<Type extends OutgoingType> = Extract<OutgoingContent, { type: Type }>;

/** Whether it needs messages of history. */
export const refers = (content: Referring): boolean => Object.values(referredIn(content)).some((id) => id !== undefined);

/** The file that a message brings. */
export const fileOf = (content: OutgoingContent): OutgoingFile | undefined => ('file' in content ? content.file : undefined);

/** A message of history that another one is about, with as much of it as that needs. */
const Referenced = z.object({
  messageId,
  /** Its chat and its author, as WhatsApp addresses them there. */
  chat: jid,
  from: jid,
  fromMe: z.boolean(),
  /** What it says: words, or base64 of the protobuf message; neither when that is not known. */
  text: z.string().optional(),
  raw: z.string().optional(),
  /** How often it was forwarded. */
  forwarded: z.number().int().positive().optional(),
});
export type Referenced = z.infer<typeof Referenced>;

/** What a message refers to, as it was when it was accepted. `target`: what it is about. */
const References = z.object({ quoted: Referenced.optional(), target: Referenced.optional() });
export type References = z.infer<typeof References>;

/** A message to be sent: with the same of these the same bytes go out, whoever sends them and how often. */
export const Outgoing = z.object({
  messageId,
  to: jid,
  content: OutgoingContent,
  references: References,
  /** Base64 of 32 random bytes, from which keys around the message are made: those of a poll's votes. */
  secret: z.string(),
  /** When it was accepted, in Unix milliseconds. */
  createdAt: z.number().int(),
  /** Of a content with a file, once WhatsApp has it. */
  uploaded: UploadedFile.optional(),
});
export type Outgoing = z.infer<typeof Outgoing>;
