import type { z } from 'zod';
import type { Message } from '../../shared/domain/message.js';
import type { ShownMessage } from '../media/media-view.js';
import type { HistoryMessage } from './schemas/message.js';
import { iso } from './session-json.js';

/** The guide's fields, and after them what is beyond it, where there is any. */
export const messageJson = (message: ShownMessage): z.input<typeof HistoryMessage> => ({
  ...guideFields(message),
  ...(message.failure && { error: message.failure }),
  details: message.details,
  media: message.media,
  quoted: message.quoted,
  mentions: message.mentions,
  forwarded: message.forwarded,
  ...(message.editedAt !== undefined && { editedAt: iso(message.editedAt) }),
  ...(message.revokedAt !== undefined && { revokedAt: iso(message.revokedAt) }),
});

const guideFields = ({ id, from, to, type, content, timestamp, status, fromMe, chat }: Message) => ({
  id,
  from,
  to,
  type,
  content,
  timestamp: iso(timestamp),
  status,
  fromMe,
  chat,
});
