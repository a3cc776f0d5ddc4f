import { z } from 'zod';
import { PersonJid } from './person.js';
import type { QuerySchema } from './query-schema.js';

const Nothing = z.object({});
export const LONGEST_NAME = 25;
export const LONGEST_ABOUT = 139;

export const Presence = z.object({
  state: z.enum(['available', 'unavailable', 'composing', 'recording']),
  /** When they were last there, in Unix milliseconds, unless they hide it. */
  lastSeen: z.number().int().optional(),
  /** When the session heard of it, in Unix milliseconds. */
  at: z.number().int(),
});
export type Presence = z.infer<typeof Presence>;

/** What an account shows of itself. */
export const PROFILE_QUERIES = {
  'profile.name': { params: z.object({ name: z.string().min(1).max(LONGEST_NAME) }), result: Nothing, deadlineMs: 20_000 },
  'profile.about': { params: z.object({ text: z.string().max(LONGEST_ABOUT) }), result: Nothing, deadlineMs: 10_000 },
  /** Of the account itself, or of a group; `path` of a JPEG file, null to remove the picture. */
  'profile.picture': {
    params: z.object({ path: z.string().nullable(), group: z.string().optional() }),
    result: Nothing,
    deadlineMs: 20_000,
  },
  'presence.set': { params: z.object({ available: z.boolean() }), result: Nothing, deadlineMs: 5_000 },
  /** From now on `presence.get` knows of the person, until the connection ends. */
  'presence.subscribe': { params: z.object({ jid: PersonJid }), result: Nothing, deadlineMs: 10_000 },
  /** From now on the runner emits `session.presence`, or no more; until the connection ends. Asks WhatsApp for nothing. */
  'presence.watch': { params: z.object({ on: z.boolean() }), result: Nothing, deadlineMs: 5_000 },
  /** What was heard last of who is in the chat, by jid; empty when nothing was. */
  'presence.get': {
    params: z.object({ chat: z.string() }),
    result: z.object({ presences: z.record(z.string(), Presence) }),
    deadlineMs: 5_000,
  },
} as const satisfies Record<string, QuerySchema>;
