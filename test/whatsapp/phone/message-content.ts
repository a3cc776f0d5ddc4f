import { encodeWAMessage, normalizeMessageContent, proto, unpadRandomMax16 } from '@whiskeysockets/baileys';

/** What a decrypted message says. */
export interface MessageContent {
  /** Without the envelopes of view-once, edited and the like. */
  readonly message: proto.IMessage;
  /** Where its author sent it, when the author is another device of the same account. */
  readonly destination: string | null;
  readonly text: string | null;
  /** The field that was filled; `edit` and `delete` for messages that change others. */
  readonly kind: string;
  readonly viewOnce: boolean;
  /** The key of a group's author, when the message brings one. */
  readonly senderKey: { readonly groupId: string; readonly bytes: Buffer } | null;
}

/** A poll as it was created. */
export interface PollContent {
  readonly name: string;
  readonly options: readonly string[];
  /** How many may be chosen; 0 for any number. */
  readonly selectable: number;
}

/** Fields that accompany a message without being one. */
const ACCOMPANYING = new Set(['messageContextInfo', 'senderKeyDistributionMessage']);

const { Type } = proto.Message.ProtocolMessage;
const STEERING: Readonly<Partial<Record<proto.Message.ProtocolMessage.Type, string>>> = {
  [Type.MESSAGE_EDIT]: 'edit',
  [Type.REVOKE]: 'delete',
};

/** Reads a decrypted, padded message. Throws when the bytes are no message. */
export function readMessage(padded: Buffer): MessageContent {
  const outer = proto.Message.decode(unpadRandomMax16(padded));
  const enclosed = outer.deviceSentMessage?.message ?? outer;
  const message = normalizeMessageContent(enclosed) ?? enclosed;
  const distribution = outer.senderKeyDistributionMessage ?? enclosed.senderKeyDistributionMessage;
  return {
    message: message.messageContextInfo ? message : { ...message, messageContextInfo: enclosed.messageContextInfo ?? null },
    destination: outer.deviceSentMessage?.destinationJid ?? null,
    text: textOf(message) || null,
    kind: kindOf(message),
    viewOnce: Boolean(enclosed.viewOnceMessage ?? enclosed.viewOnceMessageV2 ?? enclosed.viewOnceMessageV2Extension),
    senderKey: distribution?.axolotlSenderKeyDistributionMessage
      ? { groupId: distribution.groupId ?? '', bytes: Buffer.from(distribution.axolotlSenderKeyDistributionMessage) }
      : null,
  };
}

function kindOf(message: proto.IMessage): string {
  const field = Object.keys(message).find((key) => !ACCOMPANYING.has(key) && (message[key as keyof proto.IMessage] ?? null) !== null);
  return (message.protocolMessage && STEERING[message.protocolMessage.type ?? Type.EPHEMERAL_SETTING]) ?? field ?? 'empty';
}

function textOf(message: proto.IMessage): string | null | undefined {
  const edited = message.protocolMessage?.editedMessage;
  if (edited) return textOf(edited);
  const media = message.imageMessage ?? message.videoMessage ?? message.documentMessage;
  return (
    message.conversation ?? message.extendedTextMessage?.text ?? media?.caption ?? message.reactionMessage?.text ?? pollOf(message)?.name
  );
}

/** The poll that a message creates, if any. */
export function pollOf(message: proto.IMessage): PollContent | undefined {
  const poll = message.pollCreationMessage ?? message.pollCreationMessageV2 ?? message.pollCreationMessageV3;
  if (!poll) return undefined;
  const options = (poll.options ?? []).map(({ optionName }) => optionName ?? '');
  return { name: poll.name ?? '', options, selectable: poll.selectableOptionsCount ?? 0 };
}

/** Whether a person would see it; other protocol messages steer devices only. */
export function isVisible({ kind }: MessageContent): boolean {
  return kind !== 'protocolMessage' && kind !== 'empty';
}

/** A message as it is encrypted for others. */
export function encodeMessage(message: proto.IMessage): Buffer {
  return encodeWAMessage(message);
}

/** The same message as it is encrypted for the author's other devices. */
export function encodeForOwnDevices(message: proto.IMessage, destinationJid: string): Buffer {
  return encodeWAMessage({ deviceSentMessage: { destinationJid, message } });
}
