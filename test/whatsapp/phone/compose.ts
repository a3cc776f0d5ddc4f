import { randomBytes } from 'node:crypto';
import { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';
import { ControlError } from '../control/control-error.js';
import type { World } from '../world.js';
import { Group } from '../groups/group.js';
import { addressIn, type Chat } from './chat.js';
import { mediaMessage } from './media-message.js';
import type { KeptMessage, Memory } from './memory.js';
import { pollOf } from './message-content.js';
import { sealVote } from './poll-vote.js';
import { contentKeys, type ContentKey, type SendOrder } from './send-order.js';

/** Who writes, where, and what they remember. */
interface Desk {
  readonly world: World;
  readonly author: Account;
  readonly chat: Chat;
  readonly memory: Memory;
  /** The id of the message that is made. */
  readonly id: string;
}

type Composers = {
  readonly [Key in ContentKey]: (content: NonNullable<SendOrder[Key]>, desk: Desk) => proto.IMessage | Promise<proto.IMessage>;
};

const { Type } = proto.Message.ProtocolMessage;
const SECRET_BYTES = 32;

/** How each content becomes a message. */
const COMPOSERS: Composers = {
  text: (text) => ({ conversation: text }),
  media: async (media, { world, id }) => mediaMessage(world.media, media, id, world.clock.seconds()),
  location: ({ latitude, longitude, name, address }) => ({
    locationMessage: { degreesLatitude: latitude, degreesLongitude: longitude, name: name ?? null, address: address ?? null },
  }),
  liveLocation: ({ latitude, longitude, caption, sequence, speed }) => ({
    liveLocationMessage: {
      degreesLatitude: latitude,
      degreesLongitude: longitude,
      caption: caption ?? null,
      sequenceNumber: sequence ?? 1,
      speedInMps: speed ?? null,
    },
  }),
  contacts: (contacts) => {
    const cards = contacts.map(({ name, vcard }) => ({ displayName: name, vcard }));
    const [only] = cards;
    if (cards.length === 1 && only) return { contactMessage: only };
    return { contactsArrayMessage: { displayName: `${cards.length} contacts`, contacts: cards } };
  },
  poll: ({ name, options, selectable }) => ({
    [selectable === 1 ? 'pollCreationMessageV3' : 'pollCreationMessage']: {
      name,
      options: options.map((optionName) => ({ optionName })),
      selectableOptionsCount: selectable,
    },
    messageContextInfo: { messageSecret: randomBytes(SECRET_BYTES) },
  }),
  vote: ({ poll, options }, desk) => {
    const kept = remembered(desk, poll);
    const creation = desk.memory.read(poll);
    const found = creation && pollOf(creation);
    const secret = creation?.messageContextInfo?.messageSecret;
    if (!found || !secret) throw new ControlError(409, 'NOT_A_POLL', `${poll} is no poll`);
    const unknown = options.find((option) => !found.options.includes(option));
    if (unknown !== undefined) throw new ControlError(400, 'INVALID_OPTION', `the poll has no option ${unknown}`);
    const creator = addressIn(desk.chat, desk.world.directory.byNumber(kept.sender));
    const ballot = { pollId: poll, creator, voter: addressIn(desk.chat, desk.author), secret };
    return {
      pollUpdateMessage: {
        pollCreationMessageKey: keyOf(desk, kept),
        vote: sealVote(ballot, options),
        senderTimestampMs: desk.world.clock.seconds() * 1000,
      },
    };
  },
  react: ({ to, emoji }, desk) => ({
    reactionMessage: { key: keyOf(desk, remembered(desk, to)), text: emoji, senderTimestampMs: desk.world.clock.seconds() * 1000 },
  }),
  edit: ({ id, text }, desk) => ({
    protocolMessage: {
      key: keyOf(desk, own(desk, id)),
      type: Type.MESSAGE_EDIT,
      editedMessage: { conversation: text },
      timestampMs: desk.world.clock.seconds() * 1000,
    },
  }),
  delete: (id, desk) => {
    const kept = remembered(desk, id);
    const admin = desk.chat instanceof Group && desk.chat.isAdmin(desk.author);
    if (!admin) own(desk, id);
    return { protocolMessage: { key: keyOf(desk, kept), type: Type.REVOKE } };
  },
};

/** Makes the message of an order. Throws MESSAGE_NOT_FOUND, NOT_YOURS, NOT_A_POLL, INVALID_OPTION. */
export async function compose(order: SendOrder, desk: Desk): Promise<proto.IMessage> {
  const [key] = contentKeys(order);
  if (!key) throw new ControlError(400, 'INVALID_REQUEST', 'there is nothing to send');
  // The table has a composer of the right type for every key.
  const composer = COMPOSERS[key] as (content: unknown, desk: Desk) => proto.IMessage | Promise<proto.IMessage>;
  return inContext(await composer(order[key], desk), contextOf(order, desk));
}

function contextOf({ quote, mentions, forwarded }: SendOrder, desk: Desk): proto.IContextInfo | undefined {
  if (quote === undefined && mentions === undefined && forwarded === undefined) return undefined;
  return {
    ...(quote !== undefined && quotation(desk, quote)),
    ...(mentions && { mentionedJid: mentions.map((number) => addressIn(desk.chat, desk.world.directory.byNumber(number))) }),
    ...(forwarded !== undefined && { isForwarded: true, forwardingScore: forwarded }),
  };
}

function quotation(desk: Desk, id: string): proto.IContextInfo {
  const kept = remembered(desk, id);
  const participant = addressIn(desk.chat, desk.world.directory.byNumber(kept.sender));
  return { stanzaId: id, participant, quotedMessage: desk.memory.read(id) ?? null };
}

function inContext(message: proto.IMessage, contextInfo: proto.IContextInfo | undefined): proto.IMessage {
  if (!contextInfo) return message;
  // A bare text has no room for a context.
  if (message.conversation) return { extendedTextMessage: { text: message.conversation, contextInfo } };
  const [field] = Object.keys(message) as (keyof proto.IMessage)[];
  return field === undefined ? message : { ...message, [field]: { ...(message[field] as object), contextInfo } };
}

function remembered({ memory, chat }: Desk, id: string): KeptMessage {
  const kept = memory.find(id);
  if (kept?.chat !== chat.chatId) throw new ControlError(404, 'MESSAGE_NOT_FOUND', `there is no message ${id} in that chat`);
  return kept;
}

function own(desk: Desk, id: string): KeptMessage {
  const kept = remembered(desk, id);
  if (kept.sender !== desk.author.number) throw new ControlError(403, 'NOT_YOURS', `${id} was written by somebody else`);
  return kept;
}

function keyOf({ world, author, chat }: Desk, { id, sender }: KeptMessage): proto.IMessageKey {
  const fromMe = sender === author.number;
  const participant = chat instanceof Group && !fromMe ? addressIn(chat, world.directory.byNumber(sender)) : undefined;
  return { remoteJid: chat.jid, fromMe, id, ...(participant !== undefined && { participant }) };
}
