// The files of messages: what kinds there are, and what names one.

/** As the folders of the object store are called. */
export const MEDIA_KINDS = ['images', 'videos', 'audio', 'documents', 'stickers'] as const;
export type MediaKind = (typeof MEDIA_KINDS)[number];

export const isMediaKind = (kind: string | undefined): kind is MediaKind => (MEDIA_KINDS as readonly (string | undefined)[]).includes(kind);

/** A file by its content: whoever brings the same bytes again finds them there. */
export interface MediaRef {
  sessionId: string;
  kind: MediaKind;
  /** Of the file, decrypted, in lower-case hex. */
  sha256: string;
}

/**
 * Why a file could not be had. `gone`: WhatsApp has it no more, nor the phone; `unreadable`: the message does not tell what it takes;
 * `damaged`: what came is not what was sent.
 */
export const MEDIA_FAILURES = ['gone', 'too_large', 'unreadable', 'damaged', 'unreachable', 'disk'] as const;
export type MediaFailureReason = (typeof MEDIA_FAILURES)[number];

const KIND_OF_TYPE: Readonly<Record<string, MediaKind>> = {
  image: 'images',
  video: 'videos',
  audio: 'audio',
  document: 'documents',
  sticker: 'stickers',
};

/** The kind of the file that a message of this type brings; undefined when it brings none. */
export const mediaKindOf = (type: string): MediaKind | undefined => (Object.hasOwn(KIND_OF_TYPE, type) ? KIND_OF_TYPE[type] : undefined);
