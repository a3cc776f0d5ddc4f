import { normalizeMessageContent, type proto } from '@whiskeysockets/baileys';

/** What a message stanza says about its content without being decrypted. */
export interface StanzaType {
  readonly type: 'text' | 'media' | 'reaction' | 'poll';
  /** On the ciphertext. */
  readonly mediatype?: string;
  /** 1 for edits, 7 for deletions by the author, 8 for those by an admin. */
  readonly edit?: string;
}

type Rule = readonly [(message: proto.IMessage) => unknown, StanzaType];

const RULES: readonly Rule[] = [
  [({ reactionMessage }) => reactionMessage, { type: 'reaction' }],
  [(message) => message.pollCreationMessage ?? message.pollCreationMessageV3 ?? message.pollUpdateMessage, { type: 'poll' }],
  [({ imageMessage }) => imageMessage, { type: 'media', mediatype: 'image' }],
  [({ videoMessage }) => videoMessage?.gifPlayback, { type: 'media', mediatype: 'gif' }],
  [({ videoMessage }) => videoMessage, { type: 'media', mediatype: 'video' }],
  [({ audioMessage }) => audioMessage?.ptt, { type: 'media', mediatype: 'ptt' }],
  [({ audioMessage }) => audioMessage, { type: 'media', mediatype: 'audio' }],
  [({ documentMessage }) => documentMessage, { type: 'media', mediatype: 'document' }],
  [({ stickerMessage }) => stickerMessage, { type: 'media', mediatype: 'sticker' }],
  [({ contactMessage }) => contactMessage, { type: 'media', mediatype: 'vcard' }],
  [({ contactsArrayMessage }) => contactsArrayMessage, { type: 'media', mediatype: 'contact_array' }],
  [({ liveLocationMessage }) => liveLocationMessage, { type: 'media', mediatype: 'livelocation' }],
  [({ protocolMessage }) => protocolMessage?.editedMessage, { type: 'text', edit: '1' }],
  [({ protocolMessage }) => protocolMessage?.key && !protocolMessage.key.fromMe, { type: 'text', edit: '8' }],
  [({ protocolMessage }) => protocolMessage?.key, { type: 'text', edit: '7' }],
];

/** The attributes that go with a message. */
export function stanzaTypeOf(message: proto.IMessage): StanzaType {
  const inner = normalizeMessageContent(message) ?? message;
  return RULES.find(([applies]) => applies(inner))?.[1] ?? { type: 'text' };
}
