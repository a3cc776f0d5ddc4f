// Which messages of a session somebody looks for.
import type { Message, MessageStatus } from '../../shared/domain/message.js';

export interface HistoryFilter {
  /** Either address of the chat. */
  chat?: string | undefined;
  direction?: 'in' | 'out' | undefined;
  type?: string | undefined;
  status?: MessageStatus | undefined;
  /** Unix milliseconds; from then on. */
  since?: number | undefined;
  /** Unix milliseconds; before then. */
  until?: number | undefined;
}

export const matches = ({ chat, direction, type, status, since, until }: HistoryFilter, message: Message): boolean =>
  (chat === undefined || message.chat === chat || message.chatAlt === chat) &&
  (direction === undefined || message.fromMe === (direction === 'out')) &&
  (type === undefined || message.type === type) &&
  (status === undefined || message.status === status) &&
  (since === undefined || message.timestamp >= since) &&
  (until === undefined || message.timestamp < until);
