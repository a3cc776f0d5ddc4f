import { randomBytes } from 'node:crypto';
import type { proto } from '@whiskeysockets/baileys';
import type { Account } from '../accounts/account.js';

/** A message this phone sent, kept to encrypt it again for a device that could not read it. */
export interface SentMessage {
  readonly id: string;
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
  readonly chat: Account;
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
