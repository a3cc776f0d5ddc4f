import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import type { Chat } from './chat.js';

/** A message this phone sent, kept to encrypt it again for a device that could not read it. */
export interface SentMessage {
  readonly id: string;
  /** A number, or the address of a group. */
  readonly to: string;
  /** The encoded message. */
  readonly bytes: Buffer;
  /** Seconds since the epoch. */
  readonly timestamp: number;
}

/** What is sent to one device, beside to whom. */
export interface Parcel {
  readonly id: string;
  readonly message: proto.IMessage;
  readonly chat: Chat;
  readonly timestamp: number;
  /** How often the device asked for it. */
  readonly retry?: string | undefined;
  /** For other devices of this account only, and part of no chat. */
  readonly peer?: boolean;
}

/** An id as phones make them. */
export function newMessageId(): string {
  return `AC${randomBytes(15).toString('hex').toUpperCase()}`;
}
