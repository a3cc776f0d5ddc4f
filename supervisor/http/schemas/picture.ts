import { z } from 'zod';
import { object, string } from './fields.js';

/** WhatsApp's own clients send less than a fifth of this. */
const MOST_BYTES = 512 * 1024;
const JPEG = Buffer.from([0xff, 0xd8, 0xff]);

/** A JPEG as base64, with or without `data:image/jpeg;base64,` before it. */
export const jpeg = (name: string) =>
  string(name)
    .transform((text, context) => {
      const base64 = text.replace(/^data:image\/jpeg;base64,/, '');
      const bytes = Buffer.from(base64, 'base64');
      const problem = !/^[A-Za-z0-9+/]+={0,2}$/.test(base64)
        ? 'base64'
        : !bytes.subarray(0, JPEG.length).equals(JPEG)
          ? 'a JPEG, as base64'
          : bytes.length > MOST_BYTES
            ? 'at most 512 KiB'
            : undefined;
      if (problem === undefined) return bytes;
      context.addIssue({ code: 'custom', message: `${name} must be ${problem}` });
      return z.NEVER;
    })
    .meta({ description: 'A square JPEG of at most 640 pixels and 512 KiB, as base64.' });

/** Null takes it away. */
export const SetPicture = object({ picture: jpeg('picture').nullable() });
export const PictureQuery = z.object({
  size: z.enum(['preview', 'image'], { error: 'size must be preview or image' }).default('preview').meta({ default: 'preview' }),
});
/** `url` is public, and works for some days; null when there is none, or the person does not show it to this account. */
export const ShownPicture = z.object({ picture: z.object({ id: z.string(), url: z.string() }).nullable() });
