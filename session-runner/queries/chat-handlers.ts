import { isGroup } from '../../shared/domain/ids.js';
import { AppError } from '../../shared/errors.js';
import type { CHAT_QUERIES } from '../../shared/ipc/queries/chat-queries.js';
import type { QueryParams } from '../../shared/ipc/queries.js';
import type { WAMessageKey, WASocket } from '../baileys.js';
import type { QueryHandlers } from './query-scope.js';

type Known = QueryParams<'chat.star'>['message'];

export const CHAT_HANDLERS: QueryHandlers<keyof typeof CHAT_QUERIES> = {
  'chat.typing': async ({ to, state }, { sock }) => {
    await sock.sendPresenceUpdate(state, to);
    return {};
  },

  'chat.read': async ({ messages }, { sock }) => {
    await sock.readMessages(messages.map(keyOf));
    return {};
  },

  'chat.star': async ({ message, starred }, { sock }) => {
    assertSharesSettings(sock);
    await sock.star(message.chat, [{ id: message.messageId, fromMe: message.fromMe }], starred);
    return {};
  },

  'chat.deleteForMe': async ({ message, timestamp }, { sock }) => {
    assertSharesSettings(sock);
    const seconds = Math.floor(timestamp / 1000);
    await sock.chatModify({ deleteForMe: { deleteMedia: false, key: keyOf(message), timestamp: seconds } }, message.chat);
    return {};
  },
};

const keyOf = ({ messageId, chat, from, fromMe }: Known): WAMessageKey => ({
  remoteJid: chat,
  id: messageId,
  fromMe,
  ...(isGroup(chat) && { participant: from }),
});

/** Stars and deletions are settings that the devices of an account share under a key of the phone. */
export const assertSharesSettings = (sock: WASocket): void => {
  if (sock.authState.creds.myAppStateKeyId) return;
  throw new AppError('SESSION_NOT_CONNECTED', 'The phone has not shared its settings with this device yet; try again in a moment.');
};
