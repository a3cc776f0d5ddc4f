// What kinds of files can be sent as what, and how large WhatsApp takes them.
import type { MediaKind } from '../../shared/domain/media.js';
import { AppError } from '../../shared/errors.js';

export const SENDABLE_TYPES = ['image', 'video', 'audio', 'voice', 'document', 'sticker'] as const;
export type SendableType = (typeof SENDABLE_TYPES)[number];

export const isSendableType = (type: string | undefined): type is SendableType =>
  (SENDABLE_TYPES as readonly (string | undefined)[]).includes(type);

interface Sendable {
  kind: MediaKind;
  maxBytes: number;
  /** As found in the bytes, and what the message calls it; undefined: anything. */
  mimetypes: Readonly<Record<string, string>> | undefined;
  /** Completes a sentence that says what is wrong. */
  needs: string;
}

const MIB = 1024 * 1024;
const OPUS = 'audio/ogg; codecs=opus';
const same = (...types: string[]): Record<string, string> => Object.fromEntries(types.map((type) => [type, type]));

export const SENDABLE: Readonly<Record<SendableType, Sendable>> = {
  image: {
    ...{ kind: 'images', maxBytes: 16 * MIB, mimetypes: same('image/jpeg', 'image/png', 'image/webp') },
    needs: 'an image must be a JPEG, PNG or WebP file; send another file as a document, a GIF as an MP4 video with gifPlayback',
  },
  video: {
    ...{ kind: 'videos', maxBytes: 64 * MIB },
    mimetypes: { ...same('video/mp4', 'video/3gpp', 'video/quicktime'), 'video/x-m4v': 'video/mp4' },
    needs: 'a video must be an MP4, 3GP or QuickTime file; send another file as a document',
  },
  audio: {
    ...{ kind: 'audio', maxBytes: 64 * MIB },
    mimetypes: { ...same('audio/mpeg', 'audio/mp4', 'audio/aac', 'audio/amr', 'audio/ogg', OPUS), 'audio/x-m4a': 'audio/mp4' },
    needs: 'audio must be an MP3, M4A, AAC, AMR or Ogg file; send another file as a document',
  },
  voice: {
    ...{ kind: 'audio', maxBytes: 64 * MIB, mimetypes: same(OPUS) },
    needs:
      'a voice note must be Opus in an Ogg file, as "ffmpeg -i FILE -c:a libopus -ac 1 voice.ogg" makes it; send another file as audio',
  },
  document: { kind: 'documents', maxBytes: 2 * 1024 * MIB, mimetypes: undefined, needs: '' },
  sticker: {
    ...{ kind: 'stickers', maxBytes: MIB, mimetypes: same('image/webp') },
    needs: 'a sticker must be a WebP file, best of 512 × 512 pixels',
  },
};

const DECLARED = /^[a-z0-9][a-z0-9.+-]{0,63}\/[a-z0-9][a-z0-9.+-]{0,100}$/i;
/** Found in the bytes whenever it is true, so that whoever says it otherwise is wrong. */
const FINDABLE = /^(image|video|audio)\//i;

/**
 * What the message calls the file. @param found in its bytes @param declared by whoever brought it; believed only where bytes say nothing
 * @throws UNSUPPORTED_MEDIA
 */
export const mimetypeFor = (type: SendableType, found: string | undefined, declared: string | undefined): string => {
  const { mimetypes, needs } = SENDABLE[type];
  if (!mimetypes) return found ?? believable(declared) ?? 'application/octet-stream';
  const name = found === undefined || !Object.hasOwn(mimetypes, found) ? undefined : mimetypes[found];
  if (name !== undefined) return name;
  throw new AppError('UNSUPPORTED_MEDIA', `This file cannot be sent as ${type}: ${needs}.`);
};

const believable = (declared: string | undefined): string | undefined => {
  const bare = declared?.split(';')[0]?.trim() ?? '';
  return DECLARED.test(bare) && !FINDABLE.test(bare) ? bare.toLowerCase() : undefined;
};

/** As what a file is kept that nobody has sent yet. */
export const kindFor = (found: string | undefined): MediaKind => {
  for (const type of ['image', 'video', 'audio'] as const) {
    const { mimetypes, kind } = SENDABLE[type];
    if (found !== undefined && mimetypes && Object.hasOwn(mimetypes, found)) return kind;
  }
  return 'documents';
};

/** Bytes in words. */
export const inMebibytes = (bytes: number): string => `${Math.floor((bytes / MIB) * 10) / 10} MiB`;
