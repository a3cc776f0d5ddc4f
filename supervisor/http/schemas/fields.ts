// The pieces that schemas of requests and answers are made of. Unknown keys of a request are ignored, since the backends send extras.
import { z } from 'zod';
import { toRecipientJid } from '../../../shared/domain/ids.js';

const TEXT_MAX = 65_536;
const LONE_SURROGATE = /\p{Surrogate}/u;
const DIGITS = /^\d{1,16}$/;

/** A string of any length; a wrong one is named by `name`. */
export const string = (name: string) =>
  z.string({ error: ({ input }) => (input === undefined || input === null ? `${name} is required` : `${name} must be a string`) });
export const object = <S extends z.ZodRawShape>(shape: S) => z.object(shape, { error: 'the body must be a JSON object' });
export const NoBody = object({});
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Backends send null or '' for a label they do not have. */
export const label = (name: string) =>
  string(name)
    .max(255, `${name} must be at most 255 characters`)
    .nullish()
    .transform((value) => (value === null || value === '' ? undefined : value));

export const idempotencyKey = (name: string) =>
  string(name)
    .regex(/^[\x20-\x7e]{1,255}$/, `${name} must be 1 to 255 printable ASCII characters`)
    .optional();

/** Of a path or a query, where every number comes as text. */
export const wholeNumber = (
  name: string,
  min: number,
  max: number,
  error = `${name} must be a whole number from ${min} to ${max}, given once`,
) =>
  z.preprocess(
    (text) => (typeof text === 'string' && DIGITS.test(text) ? Number(text) : text),
    z.int({ error }).min(min, error).max(max, error),
  );

/** A whole number of a query, and what it is when it is not given. */
export const count = (name: string, min: number, max: number, absent: number) =>
  wholeNumber(name, min, max).default(absent).meta({ default: absent });

/** Any form of an address, as the jid WhatsApp uses. */
export const recipient = (name: string) =>
  string(name)
    .transform((to, context) => {
      const jid = toRecipientJid(to);
      if (jid !== undefined) return jid;
      context.addIssue({
        code: 'custom',
        message: `${name} must be a phone number with its country code, digits only, or an address ending in @s.whatsapp.net, @lid or @g.us`,
      });
      return z.NEVER;
    })
    .meta({ description: 'A phone number with its country code, digits only, or an address ending in @s.whatsapp.net, @lid or @g.us.' });

/** What people are to read. */
export const words = (name: string, least: number, most: number) =>
  string(name)
    .min(least, `${name} must not be empty`)
    .max(most, `${name} must be at most ${most} characters`)
    // It could not be encoded and would reach the phone as a replacement character.
    .refine((text) => !LONE_SURROGATE.test(text), `${name} must not hold half of a surrogate pair`);

export const messageText = (name: string) => words(name, 1, TEXT_MAX);

/** Null and '' say the same as nothing. */
export const optionalWords = (name: string, most: number) =>
  words(name, 0, most)
    .nullish()
    .transform((text) => (text === null || text === '' ? undefined : text));

export const degrees = (name: string, limit: number) => {
  const error = `${name} must be a number from -${limit} to ${limit}`;
  return z.number({ error }).min(-limit, error).max(limit, error);
};

/** Of answers: ISO 8601 in UTC. */
export const Time = z.iso.datetime();
/** Of answers: a count or an amount that is never negative. */
export const Amount = z.number().nonnegative();
