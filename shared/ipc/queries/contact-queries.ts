import { z } from 'zod';
import { Person, PersonJid } from './person.js';
import type { QuerySchema } from './query-schema.js';

export const NUMBERS_AT_ONCE = 100;

const CheckedNumber = z.object({ number: z.string(), exists: z.boolean(), jid: z.string().optional(), lid: z.string().optional() });
export type CheckedNumber = z.infer<typeof CheckedNumber>;

/** `url` works for anybody, for some days; `id` changes with the picture. */
const Picture = z.object({ id: z.string(), url: z.string() });
export type Picture = z.infer<typeof Picture>;

const Business = z.object({
  description: z.string().optional(),
  category: z.string().optional(),
  address: z.string().optional(),
  email: z.string().optional(),
  websites: z.array(z.string()),
});

/** Null is what the person hides, or does not have. */
const Profile = z.object({
  person: Person,
  /** `setAt` in Unix milliseconds. */
  about: z.object({ text: z.string(), setAt: z.number().int().optional() }).nullable(),
  picture: Picture.nullable(),
  business: Business.nullable(),
});
export type Profile = z.infer<typeof Profile>;

export const CONTACT_QUERIES = {
  /** Which numbers, digits only, are on WhatsApp; in the order they were asked. */
  'numbers.check': {
    params: z.object({
      numbers: z
        .array(z.string().regex(/^\d{5,15}$/))
        .min(1)
        .max(NUMBERS_AT_ONCE),
    }),
    result: z.object({ numbers: z.array(CheckedNumber) }),
    deadlineMs: 15_000,
  },
  'contacts.profile': { params: z.object({ jid: PersonJid }), result: Profile, deadlineMs: 15_000 },
  /** `jid` may be a group's. */
  'contacts.picture': {
    params: z.object({ jid: z.string(), size: z.enum(['preview', 'image']) }),
    result: z.object({ picture: Picture.nullable() }),
    deadlineMs: 10_000,
  },
  'blocks.list': { params: z.object({}), result: z.object({ blocked: z.array(Person) }), deadlineMs: 10_000 },
  'blocks.set': { params: z.object({ jid: PersonJid, blocked: z.boolean() }), result: z.object({ person: Person }), deadlineMs: 15_000 },
} as const satisfies Record<string, QuerySchema>;
