// What a whatsam gateway asks for, in the terms of this API: a message to send, or something to do in a chat.
import type { z } from 'zod';
import type { Worker } from '../../../worker.js';
import { parse } from '../../parse.js';
import { messageText } from '../../schemas/fields.js';
import { SendMessage } from '../../schemas/send.js';
import { linkText, type ManageMessage, type SendBody } from './bodies.js';

export type Asked = Pick<z.output<typeof SendMessage>, 'to' | 'content'>;
/** Does it, and tells the id that it was about, or an empty one. */
type Act = (chats: Worker['chats'], sessionId: string) => Promise<string>;

/** @throws INVALID_REQUEST */
export const sendWish = (body: z.output<typeof SendBody>): Asked | Act => {
  const { to } = body;
  switch (body.type) {
    case 'text':
      return parse(SendMessage, { to, type: 'text', message: body.message });
    case 'link':
      return parse(SendMessage, { to, type: 'text', message: parse(messageText('text'), linkText(body)) });
    case 'location':
      return parse(SendMessage, { to, type: 'location', ...body.location });
    case 'contact': {
      const { phone, ...contact } = body.contact;
      return parse(SendMessage, { to, type: 'contacts', contacts: [{ ...contact, phones: [phone.replaceAll(/[\s().-]/g, '')] }] });
    }
    case 'poll': {
      const { question, options, maxAnswer } = body;
      return parse(SendMessage, { to, type: 'poll', question, options, selectable: maxAnswer ?? 1 });
    }
    case 'seen':
      return reading(to, body.messageId);
    case 'typing_start':
    case 'typing_stop':
      return async (chats, sessionId) => {
        await chats.typing(sessionId, to, body.type === 'typing_start' ? 'composing' : 'paused');
        return '';
      };
    default: {
      const { type, mediaUrl, media, caption, filename: fileName } = body;
      return parse(SendMessage, { to, type, caption, fileName, mediaUrl, media: media === '' ? undefined : media });
    }
  }
};

/** @throws INVALID_REQUEST */
export const manageWish = ({ action, messageId, phone: to, ...body }: z.output<typeof ManageMessage>): Asked | Act => {
  switch (action) {
    case 'edit':
      return parse(SendMessage, { to, type: 'edit', messageId, message: body.content ?? body.newText });
    case 'reaction':
      return parse(SendMessage, { to, type: 'reaction', messageId, emoji: body.emoji });
    case 'pin':
    case 'unpin':
      return parse(SendMessage, { to, type: action, messageId });
    case 'unsend':
      return parse(SendMessage, { to, type: 'delete', messageId });
    case 'delete':
      if (body.forEveryone === true) return parse(SendMessage, { to, type: 'delete', messageId });
      return async (chats, sessionId) => {
        await chats.deleteForMe(sessionId, to, messageId);
        return messageId;
      };
    case 'star':
    case 'unstar':
      return async (chats, sessionId) => {
        await chats.star(sessionId, to, messageId, action === 'star');
        return messageId;
      };
    case 'read':
      return reading(to, messageId);
  }
};

const reading =
  (to: string, messageId: string): Act =>
  async (chats, sessionId) => {
    await chats.read(sessionId, to, [messageId]);
    return messageId;
  };
