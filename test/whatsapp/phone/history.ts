import { deflateSync } from 'node:zlib';
import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { Group } from '../groups/group.js';
import { addressIn, type Chat } from './chat.js';
import type { Arrival } from './mailbox.js';
import type { PastChat } from './past.js';

/** What a newly linked device is told about. */
export interface HistorySource {
  readonly arrivals: readonly Arrival[];
  readonly past: readonly PastChat[];
  readonly account: Account;
  readonly find: (chat: string) => Chat | undefined;
}

interface Conversation {
  readonly chat: string;
  readonly past: PastChat | undefined;
  /** Newest first. */
  readonly messages: readonly proto.IHistorySyncMsg[];
}

const { HistorySyncType } = proto.HistorySync;

/** Messages of each chat that come at once; older ones follow. */
const BOOTSTRAP_MESSAGES_PER_CHAT = 50;
/** Messages in one part of what follows. */
const MESSAGES_PER_PART = 1_000;

/**
 * The messages by which a phone gives a newly linked device its chats: the newest of each, the names of people, then the rest in parts. All of it
 * travels inline: clients would fetch a file from the real WhatsApp.
 */
export function historyMessages(source: HistorySource): proto.IMessage[] {
  const conversations = conversationsOf(source);
  const known = conversations.flatMap(({ chat }) => source.find(chat) ?? []);
  const people = known.filter((chat): chat is Account => !(chat instanceof Group));
  const bootstrap = inline(HistorySyncType.INITIAL_BOOTSTRAP, 100, 1, {
    conversations: conversations.map((each) => describe(source, each, each.messages.slice(0, BOOTSTRAP_MESSAGES_PER_CHAT))),
    phoneNumberToLidMappings: people.map(({ jid, lidJid }) => ({ pnJid: jid, lidJid })),
  });
  const names = inline(HistorySyncType.PUSH_NAME, 100, 1, { pushnames: people.map(({ jid, name }) => ({ id: jid, pushname: name })) });
  const parts = olderParts(conversations);
  const older = parts.map((part, index) =>
    inline(HistorySyncType.RECENT, Math.floor(((index + 1) / parts.length) * 100), index + 1, {
      conversations: part.map((each) => describe(source, each, each.messages)),
    }),
  );
  return [bootstrap, ...(people.length > 0 ? [names] : []), ...older];
}

function conversationsOf({ arrivals, past, account, find }: HistorySource): Conversation[] {
  const shown = arrivals.filter((arrival) => arrival.shown && arrival.content !== 'edit' && arrival.content !== 'delete');
  const chats = new Set([...shown.map(({ chat }) => chat), ...past.map(({ chat }) => chat)]);
  return [...chats].map((chat) => {
    const before = past.find((each) => each.chat === chat);
    const key = keyMaker(find(chat), chat, account, find);
    const old = (before?.messages ?? []).map(({ id, fromMe, sender, text, at }) => info(key(id, fromMe, sender), text, at));
    const since = shown.filter((arrival) => arrival.chat === chat);
    const recent = since.map(({ id, fromMe, sender, text, timestamp }) => info(key(id, fromMe, sender), text ?? '', timestamp));
    return { chat, past: before, messages: [...old, ...recent].reverse() };
  });
}

type KeyMaker = (id: string, fromMe: boolean, sender: string | undefined) => proto.IMessageKey;

function keyMaker(chat: Chat | undefined, name: string, account: Account, find: (chat: string) => Chat | undefined): KeyMaker {
  const remoteJid = chat?.jid ?? `${name}@s.whatsapp.net`;
  return (id, fromMe, sender) => {
    if (!(chat instanceof Group)) return { remoteJid, fromMe, id };
    const author = fromMe ? account : find(sender ?? '');
    const participant = author && !(author instanceof Group) ? { participant: addressIn(chat, author) } : {};
    return { remoteJid, fromMe, id, ...participant };
  };
}

function info(key: proto.IMessageKey, text: string, timestamp: number): proto.IHistorySyncMsg {
  const participant = key.participant ?? null;
  return { message: { key, participant, message: { conversation: text }, messageTimestamp: timestamp } };
}

/** What did not fit into the first part, in parts of bounded size. */
function olderParts(conversations: readonly Conversation[]): Conversation[][] {
  const parts: Conversation[][] = [];
  let room = 0;
  for (const { chat, past, messages } of conversations) {
    for (let start = BOOTSTRAP_MESSAGES_PER_CHAT; start < messages.length;) {
      if (room === 0) {
        parts.push([]);
        room = MESSAGES_PER_PART;
      }
      const taken = messages.slice(start, start + room);
      parts.at(-1)?.push({ chat, past, messages: taken });
      room -= taken.length;
      start += taken.length;
    }
  }
  return parts;
}

function describe(source: HistorySource, { chat, past }: Conversation, messages: readonly proto.IHistorySyncMsg[]): proto.IConversation {
  const found = source.find(chat);
  return {
    id: found?.jid ?? `${chat}@s.whatsapp.net`,
    lidJid: found && !(found instanceof Group) ? found.lidJid : null,
    name: past?.name ?? (found instanceof Group ? found.subject : null),
    unreadCount: past?.unread ?? 0,
    archived: past?.archived ?? false,
    pinned: past?.pinned ? 1 : 0,
    conversationTimestamp: messages[0]?.message?.messageTimestamp ?? null,
    messages: [...messages],
  };
}

function inline(
  syncType: proto.HistorySync.HistorySyncType,
  progress: number,
  chunkOrder: number,
  content: proto.IHistorySync,
): proto.IMessage {
  const payload = deflateSync(proto.HistorySync.encode({ ...content, syncType, progress, chunkOrder }).finish());
  const type = proto.Message.ProtocolMessage.Type.HISTORY_SYNC_NOTIFICATION;
  // The two enumerations of the protocol count alike.
  const notification = { syncType: syncType as number, progress, chunkOrder, initialHistBootstrapInlinePayload: payload };
  return { protocolMessage: { type, historySyncNotification: notification } };
}
