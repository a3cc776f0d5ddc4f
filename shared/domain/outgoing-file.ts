// A file on its way out: as it is kept here, and as WhatsApp's media server has it.
import { z } from 'zod';
import { MEDIA_KINDS } from './media.js';

const count = z.number().int().nonnegative();

/** A file of the media library that a message brings. What is not known is left out. */
export const OutgoingFile = z.object({
  kind: z.enum(MEDIA_KINDS),
  /** In lower-case hex. */
  sha256: z.string(),
  bytes: count,
  mimetype: z.string(),
  width: count.optional(),
  height: count.optional(),
  seconds: count.optional(),
  animated: z.boolean().optional(),
});
export type OutgoingFile = z.infer<typeof OutgoingFile>;

/** What a file is to WhatsApp: how its keys are made, and where it is uploaded. */
export const SealedAs = z.enum(['image', 'video', 'audio', 'document', 'sticker']);
export type SealedAs = z.infer<typeof SealedAs>;

/** A file that WhatsApp's media server has: all a message needs to say for its recipient to open it. */
export const UploadedFile = z.object({
  url: z.string(),
  directPath: z.string(),
  /** Base64: what keys are made from, and the digest of what was uploaded. */
  mediaKey: z.string(),
  sealedSha256: z.string(),
  /** Unix milliseconds. */
  at: z.number().int(),
});
export type UploadedFile = z.infer<typeof UploadedFile>;
