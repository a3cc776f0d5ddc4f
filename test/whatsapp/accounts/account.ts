import type { Phone } from '../phone/phone.js';
import { formatJid, LID_SERVER, PHONE_SERVER } from '../wire/jids.js';
import type { Companion } from './companion.js';

/** The highest device number; 99 means something else in the protocol. */
const MAX_DEVICE = 98;

/** One WhatsApp account: a phone and the devices linked to it. */
export class Account {
  readonly companions = new Map<number, Companion>();
  /** Numbers of accounts that asked for our device list: they are told when it changes. */
  readonly watchers = new Set<string>();
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

  get jid(): string {
    return formatJid(this.number, 0, PHONE_SERVER);
  }

  get lidJid(): string {
    return formatJid(this.lid, 0, LID_SERVER);
  }

  get counters(): { lastDevice: number; lastKeyIndex: number } {
    return { lastDevice: this.#lastDevice, lastKeyIndex: this.#lastKeyIndex };
  }

  /** A device number and key index that no linked device has; numbers go up, so that an unlinked one is not met again soon. */
  nextDevice(): { device: number; keyIndex: number } {
    do this.#lastDevice = (this.#lastDevice % MAX_DEVICE) + 1;
    while (this.companions.has(this.#lastDevice));
    this.#lastKeyIndex += 1;
    return { device: this.#lastDevice, keyIndex: this.#lastKeyIndex };
  }
}
