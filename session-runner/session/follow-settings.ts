// What was set for a session, at its open connection.
import { isIgnored, type RunnerSettings } from '../../shared/domain/session-settings.js';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { WAMessage, WASocket } from '../baileys.js';
import { unwrapContent } from '../messages/unwrap-content.js';

export interface FollowSettingsOptions {
  settings: () => RunnerSettings;
  /** Without a setting. */
  markOnline: boolean;
  isOpen: () => boolean;
  log: Logger;
}

/** @returns what is to be called when the settings have become others than `before` */
export const followSettings = (
  sock: Pick<WASocket, 'ev' | 'readMessages' | 'sendPresenceUpdate'>,
  { settings, markOnline, isOpen, log }: FollowSettingsOptions,
): ((before: RunnerSettings) => void) => {
  const attempt = (what: string, work: Promise<unknown>): void => {
    work.catch((error: unknown) => {
      log.warn({ cause: messageOf(error) }, what);
    });
  };
  sock.ev.on('messages.upsert', ({ messages }) => {
    if (settings().readReceipts !== true) return;
    const keys = messages.filter((message) => isReadable(message, settings())).map(({ key }) => key);
    if (keys.length > 0) attempt('received messages could not be marked as read', sock.readMessages(keys));
  });
  const isOnline = (current: RunnerSettings): boolean => current.markOnline ?? markOnline;
  return (before) => {
    const online = isOnline(settings());
    if (online === isOnline(before) || !isOpen()) return;
    attempt(
      'the presence could not be changed; it is with the next connection',
      sock.sendPresenceUpdate(online ? 'available' : 'unavailable'),
    );
  };
};

/** Somebody wrote it, and in a chat where others see that it was read. */
const isReadable = ({ key, message }: WAMessage, settings: RunnerSettings): boolean => {
  const chat = key.remoteJid ?? '';
  if (key.fromMe || !message || chat.endsWith('@broadcast') || chat.endsWith('@newsletter') || isIgnored(settings, chat)) return false;
  const { protocolMessage, reactionMessage } = unwrapContent(message).content;
  return !protocolMessage && !reactionMessage;
};
