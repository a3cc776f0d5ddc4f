import { canonicalJid, withoutDevice } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { WAMessage } from '../baileys.js';
import { decodeMessageNode, proto, unpadRandomMax16, WAMessageStubType } from '../baileys.js';
import { describeContent, type Content } from './describe-content.js';
import { describeNotice } from './group-notice.js';
import { unwrapContent } from './unwrap-content.js';

/** A decrypted ciphertext as it is kept until history has it. */
export interface InboxEntry {
  /** Key of its `inbox` row, without the session. */
  key: [messageId: string, from: string, participant: string, index: number, hash: string];
  /** SHA-256 of the ciphertext: the same id with another ciphertext is another try of the sender. */
  hash: Buffer;
  plaintext: Buffer;
  /** Attributes of the stanza it came in. */
  attrs: Record<string, string>;
  /** Our own identities at that time. */
  me: string;
  meLid: string;
}

const { Type: ProtocolType } = proto.Message.ProtocolMessage;
/** Protocol messages between a person's own devices; nobody wrote them, so history does not keep them. */
const INTERNAL = new Set<number>([
  ProtocolType.HISTORY_SYNC_NOTIFICATION,
  ProtocolType.APP_STATE_SYNC_KEY_SHARE,
  ProtocolType.APP_STATE_SYNC_KEY_REQUEST,
  ProtocolType.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
  ProtocolType.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
  ProtocolType.PEER_DATA_OPERATION_REQUEST_MESSAGE,
  ProtocolType.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
  ProtocolType.LID_MIGRATION_MAPPING_SYNC,
]);

/**
 * The message behind an inbox row, or undefined when it holds nothing a person sent. What cannot be parsed becomes a message of type
 * `unreadable` with its bytes, so that nothing received is dropped.
 */
export const decodeInboxEntry = (entry: InboxEntry, log: Logger): Message | undefined => {
  const { attrs, me, meLid, plaintext } = entry;
  let envelope: WAMessage | undefined;
  try {
    envelope = decodeMessageNode({ tag: 'message', attrs }, me, meLid).fullMessage;
    const bytes = unpadRandomMax16(plaintext);
    const decoded = proto.Message.decode(bytes);
    const message = decoded.deviceSentMessage?.message ?? decoded;
    if (isEmpty(message) && proto.Message.encode(decoded).finish().length < bytes.length) throw new Error('its content is of a newer kind');
    return toMessage({ ...envelope, message }, me);
  } catch (error) {
    log.warn({ cause: messageOf(error) }, 'a decrypted message could not be parsed; it is kept as it came');
    const message = envelope ? toMessage({ ...envelope, messageStubType: WAMessageStubType.UNKNOWN }, me) : withoutEnvelope(entry);
    return message && { ...message, type: 'unreadable', raw: Buffer.from(plaintext).toString('base64') };
  }
};

/** Context alone says nothing, and fields that the protobuf of this version does not know are skipped by it. */
const isEmpty = (message: proto.IMessage): boolean => Object.keys(message).every((name) => name === 'messageContextInfo');

const withoutEnvelope = ({ attrs, me }: InboxEntry): Message => {
  const from = withoutDevice(attrs['participant'] ?? attrs['from'] ?? '');
  return {
    id: attrs['id'] ?? '',
    chat: withoutDevice(attrs['from'] ?? ''),
    from,
    to: me,
    fromMe: from === me,
    type: 'unreadable',
    content: null,
    timestamp: Number(attrs['t'] ?? 0) * 1000 || Date.now(),
    status: 'delivered',
  };
};

/** A Baileys message as history keeps it, or undefined when nobody wrote it. `me` is our phone-number jid. */
export const toMessage = (received: WAMessage, me: string): Message | undefined => {
  const { key } = received;
  if (!key.id || !key.remoteJid) return undefined;
  const content = contentOf(received);
  if (!content) return undefined;
  // In a group and in a broadcast list the sender is apart from the chat.
  const group = /@(g\.us|broadcast)$/.test(key.remoteJid);
  const chat = group ? key.remoteJid : canonicalJid(key.remoteJid, key.remoteJidAlt ?? undefined);
  const own = withoutDevice(me);
  const other = group ? canonicalJid(key.participant ?? key.remoteJid, key.participantAlt ?? undefined) : chat;
  // Of a notice in a group Baileys compares only the number, where most groups name the LID.
  const fromMe = key.fromMe === true || (!received.message && group && other === own);
  const alternative = (jid: string, candidates: (string | null | undefined)[]): string | undefined =>
    candidates.map((candidate) => candidate && withoutDevice(candidate)).find((candidate) => candidate && candidate !== jid) ?? undefined;
  const chatAlt = group ? undefined : alternative(chat, [key.remoteJid, key.remoteJidAlt]);
  const fromAlt = fromMe ? undefined : alternative(other, [key.participant ?? key.remoteJid, key.participantAlt, key.remoteJidAlt]);
  return {
    id: key.id,
    chat,
    ...(chatAlt && { chatAlt }),
    from: fromMe ? own : other,
    ...(fromAlt && { fromAlt }),
    to: group || fromMe ? chat : own,
    fromMe,
    ...content,
    timestamp: Number(received.messageTimestamp ?? 0) * 1000 || Date.now(),
    status: fromMe ? 'sent' : 'delivered',
    ...(received.pushName && { pushName: received.pushName }),
  };
};

const contentOf = ({ message, messageStubType, messageStubParameters }: WAMessage): Content | undefined => {
  if (!message)
    return messageStubType === undefined || messageStubType === null
      ? undefined
      : stubOf(messageStubType, messageStubParameters as unknown[] | null | undefined);
  return isInternal(message) ? undefined : describeContent(message);
};

const isInternal = (message: proto.IMessage): boolean => {
  const { protocolMessage } = unwrapContent(message).content;
  return protocolMessage ? INTERNAL.has(protocolMessage.type ?? -1) : false;
};

const stubOf = (stub: number, parameters: readonly unknown[] | null | undefined): Content =>
  stub === Number(WAMessageStubType.CIPHERTEXT)
    ? { type: 'undecryptable', content: null }
    : { type: `system.${(WAMessageStubType[stub] ?? String(stub)).toLowerCase()}`, ...describeNotice(stub, parameters) };
