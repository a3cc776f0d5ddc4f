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
