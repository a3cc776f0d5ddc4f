// What one does in a chat without sending a message.
import { z } from 'zod';
import { MOST_READ } from '../../../shared/ipc/queries/chat-queries.js';
import { object, recipient, string } from './fields.js';
import { list, messageId } from './send.js';

const to = recipient('to');
const STATES = ['typing', 'recording', 'paused'] as const;

export const Typing = object({ to, state: z.enum(STATES, { error: `state must be one of ${STATES.join(', ')}` }) });
/** `messageIds`: all unread ones of the chat unless given. */
export const MarkRead = object({ to, messageIds: list('messageIds', messageId('messageIds'), 1, MOST_READ).nullish() });
/** Ids of those that were unread. */
export const MarkedRead = z.object({ messageIds: z.array(z.string()) });
export const Star = object({
  to,
  messageId: messageId('messageId'),
  starred: z.boolean({
    error: ({ input }) => (input === undefined ? 'starred is required' : 'starred must be true or false'),
  }),
});
export const DeleteForMe = object({ to, messageId: messageId('messageId') });

/** What was asked for, with the address that was meant. */
export const TypingShown = z.object({ to: string('to'), state: z.enum(STATES) });
export const Starred = z.object({ messageId: z.string(), starred: z.boolean() });
export const DeletedForMe = z.object({ messageId: z.string() });
