import type { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { Group } from '../groups/group.js';
import type { World } from '../world.js';
import type { Chat } from './chat.js';
import { showMedia, type MediaShown } from './media-message.js';
import type { Memory } from './memory.js';
import { pollOf, type MessageContent, type PollContent } from './message-content.js';
import { openVote } from './poll-vote.js';

/** What a phone shows of a message beside its text; what does not apply is left out. Persons are phone numbers. */
export interface MessageDetails {
  readonly media?: MediaShown;
  readonly quoted?: { readonly id: string; readonly sender: string; readonly content: string };
  readonly mentions?: readonly string[];
  /** How often it was forwarded. */
  readonly forwarded?: number;
  readonly location?: LocationShown;
  readonly contacts?: readonly { readonly name: string; readonly vcard: string }[];
  readonly poll?: PollContent;
  /** The message that a reaction, a vote, an edit, a deletion or a pin is about. */
  readonly target?: string;
  /** The options voted for; null when the vote could not be opened. */
  readonly vote?: readonly string[] | null;
  readonly groupInvite?: { readonly group: string; readonly code: string };
}

/** A place, live while somebody shares where they go. */
interface LocationShown {
  readonly latitude: number;
  readonly longitude: number;
  readonly name: string | null;
  readonly address: string | null;
  readonly live: boolean;
}

/** Who received a message and from whom. */
interface Setting {
  readonly world: World;
  readonly memory: Memory;
  readonly sender: Account;
  /** Undefined when the chat is with nobody known. */
  readonly chat: Chat | undefined;
}

/** Looks at a message as a phone does that shows it: downloads its file, opens its vote. */
export async function detailsOf({ message, viewOnce }: MessageContent, setting: Setting): Promise<MessageDetails> {
  const media = await showMedia(setting.world.media, message, viewOnce);
  const context = contextOf(message);
  const location = locationOf(message);
  const contacts = contactsOf(message);
  const poll = pollOf(message);
  const target = targetOf(message);
  const invite = message.groupInviteMessage;
  const mentions = (context?.mentionedJid ?? []).map((jid) => numberOf(setting.world, jid));
  return {
    ...(media && { media }),
    ...(context?.stanzaId && { quoted: quotedIn(setting.world, context) }),
    ...(mentions.length > 0 && { mentions }),
    ...(context?.isForwarded && { forwarded: context.forwardingScore ?? 1 }),
    ...(location && { location }),
    ...(contacts && { contacts }),
    ...(poll && { poll }),
    ...(target && { target }),
    ...(message.pollUpdateMessage && { vote: voteOf(message.pollUpdateMessage, setting) }),
    ...(invite && { groupInvite: { group: invite.groupJid ?? '', code: invite.inviteCode ?? '' } }),
  };
}

/** The context is in whichever field holds the content. */
function contextOf(message: proto.IMessage): proto.IContextInfo | undefined {
  for (const content of Object.values(message) as unknown[]) {
    if (typeof content === 'object' && content !== null && 'contextInfo' in content && content.contextInfo) return content.contextInfo;
  }
  return undefined;
}

function quotedIn(world: World, { stanzaId, participant, quotedMessage }: proto.IContextInfo): NonNullable<MessageDetails['quoted']> {
  const [content = 'empty'] = Object.keys(quotedMessage ?? {});
  return { id: stanzaId ?? '', sender: numberOf(world, participant ?? ''), content };
}

function locationOf({ locationMessage, liveLocationMessage }: proto.IMessage): LocationShown | undefined {
  const place = locationMessage ?? liveLocationMessage;
  if (!place) return undefined;
  return {
    latitude: place.degreesLatitude ?? 0,
    longitude: place.degreesLongitude ?? 0,
    name: locationMessage?.name || null,
    address: locationMessage?.address || null,
    live: Boolean(liveLocationMessage),
  };
}

function contactsOf({ contactMessage, contactsArrayMessage }: proto.IMessage): MessageDetails['contacts'] {
  const cards = contactMessage ? [contactMessage] : contactsArrayMessage?.contacts;
  return cards?.map(({ displayName, vcard }) => ({ name: displayName ?? '', vcard: vcard ?? '' }));
}

function targetOf({ reactionMessage, pollUpdateMessage, protocolMessage, pinInChatMessage }: proto.IMessage): string | undefined {
  const key = reactionMessage?.key ?? pollUpdateMessage?.pollCreationMessageKey ?? protocolMessage?.key ?? pinInChatMessage?.key;
  return key?.id ?? undefined;
}

function voteOf({ pollCreationMessageKey, vote }: proto.Message.IPollUpdateMessage, setting: Setting): string[] | null {
  const pollId = pollCreationMessageKey?.id ?? '';
  const kept = setting.memory.find(pollId);
  const creation = setting.memory.read(pollId);
  const poll = creation && pollOf(creation);
  const secret = creation?.messageContextInfo?.messageSecret;
  if (!vote || !poll || !secret || !kept) return null;
  const creator = setting.world.directory.byNumber(kept.sender);
  // Clients do not agree on the addresses that go into the key.
  for (const byLid of setting.chat instanceof Group ? [true, false] : [false, true]) {
    const ballot = { pollId, creator: creator.addressOf(0, byLid), voter: setting.sender.addressOf(0, byLid), secret };
    try {
      return openVote(ballot, vote, poll.options);
    } catch {
      continue;
    }
  }
  return null;
}

function numberOf(world: World, jid: string): string {
  return world.directory.find(jid)?.number ?? jid;
}
