import { z } from 'zod';
import { NUMBERS_AT_ONCE } from '../../../shared/ipc/queries/contact-queries.js';
import { object, string, Time } from './fields.js';
import { ShownPerson } from './person.js';
import { ShownPicture } from './picture.js';

const number = string('numbers')
  .regex(/^\+?\d{5,15}$/, 'numbers must be phone numbers with their country codes, digits only, with or without a leading +')
  .transform((digits) => digits.replace('+', ''));
const numbers = `numbers must be a list of 1 to ${NUMBERS_AT_ONCE} phone numbers`;

export const CheckNumbers = object({ numbers: z.array(number, { error: numbers }).min(1, numbers).max(NUMBERS_AT_ONCE, numbers) });
/** In the order they were asked; `jid` is how WhatsApp writes the number, which for some countries differs from it. */
export const CheckedNumbers = z.object({
  numbers: z.array(z.object({ number: z.string(), exists: z.boolean(), jid: z.string().optional(), lid: z.string().optional() })),
});

/** What WhatsApp tells of a person; null is what they hide, or do not have. */
export const ContactProfile = ShownPerson.extend({
  name: z.string().nullable().optional(),
  about: z.object({ text: z.string(), setAt: Time.optional() }).nullable(),
  ...ShownPicture.shape,
  business: z
    .object({
      description: z.string().optional(),
      category: z.string().optional(),
      address: z.string().optional(),
      email: z.string().optional(),
      websites: z.array(z.string()),
    })
    .nullable(),
});

export const Blocks = z.object({ blocked: z.array(ShownPerson) });
export const Block = ShownPerson.extend({ blocked: z.boolean() });
