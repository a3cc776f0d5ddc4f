import { encodeWAMessage, proto, unpadRandomMax16 } from '@whiskeysockets/baileys';

/** What a decrypted message says. */
export interface MessageContent {
  readonly message: proto.IMessage;
  /** Where its author sent it, when the author is another device of the same account. */
  readonly destination: string | null;
  readonly text: string | null;
  /** The field that was filled. */
  readonly kind: string;
}

/** Fields that accompany a message without being one. */
const ACCOMPANYING = new Set(['messageContextInfo', 'senderKeyDistributionMessage']);

/** Reads a decrypted, padded message. Throws when the bytes are no message. */
export function readMessage(padded: Buffer): MessageContent {
  const outer = proto.Message.decode(unpadRandomMax16(padded));
  const message = outer.deviceSentMessage?.message ?? outer;
  const kind =
    Object.keys(message).find((key) => !ACCOMPANYING.has(key) && (message[key as keyof proto.IMessage] ?? null) !== null) ?? 'empty';
  const media = message.imageMessage ?? message.videoMessage ?? message.documentMessage;
  const text = message.conversation ?? message.extendedTextMessage?.text ?? media?.caption ?? null;
  return { message, destination: outer.deviceSentMessage?.destinationJid ?? null, text: text === '' ? null : text, kind };
}

/** Whether a person would see it; protocol messages steer devices only. */
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
