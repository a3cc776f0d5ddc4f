import { Collections } from '../app-state/collections.js';
import type { Phone } from '../phone/phone.js';
import { formatJid, LID_SERVER, PHONE_SERVER } from '../wire/jids.js';
import type { Companion } from './companion.js';
import type { Profile } from './profile.js';

/** The highest device number; 99 means something else in the protocol. */
const MAX_DEVICE = 98;

/** One WhatsApp account: a phone and the devices linked to it. */
export class Account {
  readonly companions = new Map<number, Companion>();
  /** Numbers of accounts that asked for our device list: they are told when it changes. */
  readonly watchers = new Set<string>();
  /** Numbers it blocked. */
  readonly blocked = new Set<string>();
  /** Until when it may not write to strangers, seconds since the epoch; null for no restriction. */
  restrictedUntil: number | null = null;
  /** Settings that its devices share; only they can read them. */
  collections = new Collections();
  profile: Profile = { about: 'Hey there! I am using WhatsApp.', aboutSetAt: 0, picture: null };
  #lastDevice: number;
  #lastKeyIndex: number;
  #phone: Phone | undefined;

  constructor(
    readonly number: string,
    /** The user part of its LID. */
    readonly lid: string,
    readonly name: string,
    counters: { lastDevice: number; lastKeyIndex: number } = { lastDevice: 0, lastKeyIndex: 0 },
  ) {
    this.#lastDevice = counters.lastDevice;
    this.#lastKeyIndex = counters.lastKeyIndex;
  }

  get phone(): Phone {
    if (!this.#phone) throw new Error(`account ${this.number} has no phone yet`);
    return this.#phone;
  }

  set phone(phone: Phone) {
    this.#phone = phone;
  }

  /** By which tests and phones call this chat. */
  get chatId(): string {
    return this.number;
  }

  get jid(): string {
    return formatJid(this.number, 0, PHONE_SERVER);
  }

  get lidJid(): string {
    return formatJid(this.lid, 0, LID_SERVER);
  }

  get counters(): { lastDevice: number; lastKeyIndex: number } {
    return { lastDevice: this.#lastDevice, lastKeyIndex: this.#lastKeyIndex };
  }

  /** The address of one of its devices, by phone number or by LID. */
  addressOf(device: number, byLid: boolean): string {
    return byLid ? formatJid(this.lid, device, LID_SERVER) : formatJid(this.number, device, PHONE_SERVER);
  }

  /** A device number and key index that no linked device has; numbers go up, so that an unlinked one is not met again soon. */
  nextDevice(): { device: number; keyIndex: number } {
    do this.#lastDevice = (this.#lastDevice % MAX_DEVICE) + 1;
    while (this.companions.has(this.#lastDevice));
    this.#lastKeyIndex += 1;
    return { device: this.#lastDevice, keyIndex: this.#lastKeyIndex };
  }
}
