import { z } from 'zod';
import type { QuerySchema } from './query-schema.js';

const Nothing = z.object({});
export const TYPING_STATES = ['composing', 'recording', 'paused'] as const;
/** Messages marked as read at once. */
export const MOST_READ = 100;

/** A message of history: its chat and its author, as WhatsApp addresses them there. */
const Known = z.object({ messageId: z.string(), chat: z.string(), from: z.string(), fromMe: z.boolean() });

/** What one does in a chat that is no message: nobody needs it twice, or later. */
export const CHAT_QUERIES = {
  'chat.typing': { params: z.object({ to: z.string(), state: z.enum(TYPING_STATES) }), result: Nothing, deadlineMs: 5_000 },
  'chat.read': { params: z.object({ messages: z.array(Known).min(1).max(MOST_READ) }), result: Nothing, deadlineMs: 10_000 },
  'chat.star': { params: z.object({ message: Known, starred: z.boolean() }), result: Nothing, deadlineMs: 20_000 },
  /** `timestamp` of the message, in Unix milliseconds. */
  'chat.deleteForMe': { params: z.object({ message: Known, timestamp: z.number().int() }), result: Nothing, deadlineMs: 20_000 },
} as const satisfies Record<string, QuerySchema>;
