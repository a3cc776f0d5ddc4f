import type { Message } from '../../shared/domain/message.js';
import { iso } from './session-json.js';

/** A message as history and events show it. */
export const messageJson = ({ id, from, to, type, content, timestamp, status, fromMe, chat }: Message) => ({
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
