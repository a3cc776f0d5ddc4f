// Messages that bring a file, and files where they come or go alone.
import { z } from 'zod';
import type { MediaSource, MediaWish } from '../../media/media-wish.js';
import { Amount, optionalWords, recipient, string } from './fields.js';
import { SessionPath } from './session.js';

const URL_MAX = 2_048;
const NAME_MAX = 255;
const CAPTION_MAX = 65_536;
const NO_PART_OF_A_NAME = /[/\\\p{Cc}]/gu;
const BASE64 = /^[A-Za-z0-9+/]*={0,2}$/;
const DATA_URL = /^data:[^,]{0,200};base64,/;

const webUrl = (name: string) =>
  string(name)
    .max(URL_MAX, `${name} must be at most ${URL_MAX} characters`)
    .refine((text) => {
      if (!URL.canParse(text)) return false;
      const { protocol, username, password } = new URL(text);
      return /^https?:$/.test(protocol) && username === '' && password === '';
    }, `${name} must be an http or https URL without user and password`);

const base64 = (name: string) =>
  string(name).transform((text, context) => {
    const bare = text.replace(DATA_URL, '').replaceAll(/\s/g, '');
    if (BASE64.test(bare) && bare !== '') return Buffer.from(bare, 'base64');
    context.addIssue({ code: 'custom', message: `${name} must be a file in base64` });
    return z.NEVER;
  });

/** Null says the same as nothing. */
const flag = (name: string) =>
  z
    .boolean({ error: `${name} must be true or false` })
    .nullish()
    .transform((value) => value ?? undefined);

/** Where the file of a message comes from, one of them unless it comes with the request; and what a message may say beside it. */
export const mediaFields = {
  mediaUrl: webUrl('mediaUrl').nullish(),
  media: base64('media').nullish(),
  mediaKey: string('mediaKey').max(URL_MAX, `mediaKey must be at most ${URL_MAX} characters`).nullish(),
  caption: optionalWords('caption', CAPTION_MAX),
  fileName: optionalWords('fileName', NAME_MAX).transform((name) => name?.replaceAll(NO_PART_OF_A_NAME, '_')),
  viewOnce: flag('viewOnce'),
  gifPlayback: flag('gifPlayback'),
  note: flag('note'),
};
type Sources = Partial<Pick<z.output<z.ZodObject<typeof mediaFields>>, 'mediaUrl' | 'media' | 'mediaKey'>>;

/** A message with a file, as it is asked for. */
export interface AskedMedia {
  wish: MediaWish;
  /** As many as were given. */
  sources: MediaSource[];
}

export const askedMedia = ({ mediaUrl, media, mediaKey, ...wish }: MediaWish & Sources): AskedMedia => ({
  wish,
  sources: [
    ...(mediaUrl ? [{ from: 'url', url: mediaUrl } as const] : []),
    ...(media ? [{ from: 'bytes', bytes: media } as const] : []),
    ...(mediaKey ? [{ from: 'key', key: mediaKey } as const] : []),
  ],
});

/** A file that came alone. */
export const KeptFile = z.object({ mediaKey: z.string(), mimetype: z.string(), bytes: Amount, sha256: z.string() });

export const MediaPath = SessionPath.extend({
  messageId: string('messageId').min(1).max(200, 'messageId must be at most 200 characters'),
});
/** `from`: who wrote the message, for others' ids are theirs to choose. */
export const MediaQuery = z.object({ from: recipient('from').optional() });
