import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import { formatJid, PHONE_SERVER } from '../wire/jids.js';
import type { Arrival } from './mailbox.js';

const MAX_MESSAGES_PER_CHAT = 50;

/** The LID of a number, as an address; undefined for strangers. */
export type LidOf = (number: string) => string | undefined;

/** The message by which a phone gives a newly linked device its chats: the last 50 shown messages of each, newest first. */
export function historyMessage(arrivals: readonly Arrival[], lidOf: LidOf): proto.IMessage {
  const { INITIAL_BOOTSTRAP } = proto.HistorySync.HistorySyncType;
  const shown = arrivals.filter((arrival) => arrival.shown);
  const chats = [...new Set(shown.map(({ chat }) => chat))];
  const history = proto.HistorySync.encode({
    syncType: INITIAL_BOOTSTRAP,
    progress: 100,
    conversations: chats.map((chat) => conversation(chat, shown, lidOf)),
    phoneNumberToLidMappings: chats.flatMap((chat) => {
      const lidJid = lidOf(chat);
      return lidJid ? [{ pnJid: jidOf(chat), lidJid }] : [];
    }),
  }).finish();
  const notification = { syncType: INITIAL_BOOTSTRAP, progress: 100, initialHistBootstrapInlinePayload: deflateSync(history) };
  const type = proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION;
  return { protocolMessage: { type, historySyncNotification: notification } };
}

function conversation(chat: string, shown: readonly Arrival[], lidOf: LidOf): proto.IConversation {
  const messages = shown
    .filter((arrival) => arrival.chat === chat)
    .slice(-MAX_MESSAGES_PER_CHAT)
    .reverse()
    .map(({ id, fromMe, text, timestamp }) => ({
      message: { key: { remoteJid: jidOf(chat), fromMe, id }, message: { conversation: text ?? '' }, messageTimestamp: timestamp },
    }));
  return { id: jidOf(chat), lidJid: lidOf(chat) ?? null, messages };
}

function jidOf(number: string): string {
  return formatJid(number, 0, PHONE_SERVER);
}
