import { EventEmitter, once } from 'node:events';
import type { Moment } from '../server/clock.js';
import type { MessageDetails } from './message-details.js';

/** A message as a phone decrypted it. The sender is a phone number; so is the chat, or the address of a group. */
export interface Arrival extends Moment {
  /** Counts from 1 within one phone's arrivals. */
  readonly seq: number;
  readonly id: string;
  readonly chat: string;
  readonly sender: string;
  /** The device that encrypted it; 0 is the sender's phone. */
  readonly senderDevice: number;
  readonly fromMe: boolean;
  /** The text or caption; null when there is none. */
  readonly text: string | null;
  /** The field of the message that was filled, e.g. `conversation`, `imageMessage`; `edit` or `delete` for what changes another message. */
  readonly content: string;
  /** What there is to see beside the text. */
  readonly details: MessageDetails;
  /** False for a repeat that the phone recognised and did not show. */
  readonly shown: boolean;
  /** The sender's timestamp, seconds since the epoch. */
  readonly timestamp: number;
}

/** A receipt as the sender's phone sees it. */
export interface ReceiptSeen extends Moment {
  readonly seq: number;
  readonly id: string;
  /** The number that received, read or played. */
  readonly from: string;
  readonly type: 'delivered' | 'read' | 'played';
  /** The address of the group it was in; null between two persons. */
  readonly group: string | null;
}

/** What a phone saw somebody do without writing. */
export interface Activity extends Moment {
  readonly seq: number;
  /** The number of that person. */
  readonly id: string;
  /** A number, or the address of a group. */
  readonly chat: string;
  readonly state: 'composing' | 'recording' | 'paused' | 'available' | 'unavailable';
  /** Seconds since the epoch; null while unknown. */
  readonly lastSeen: number | null;
}

/** Activities kept; later ones are not seen. */
const MAX_ACTIVITIES = 10_000;

/** What a phone has received, what of that it showed, and which receipts it saw. Repeats of (chat, sender, id) arrive but are not shown. */
export class Mailbox {
  readonly arrived: Arrival[];
  readonly receipts: ReceiptSeen[];
  readonly activities: Activity[] = [];
  readonly #seen = new Set<string>();
  readonly #read = new Set<string>();
  readonly #played = new Set<string>();
  readonly #changes = new EventEmitter().setMaxListeners(0);

  constructor(arrived: Arrival[] = [], receipts: ReceiptSeen[] = []) {
    this.arrived = arrived;
    this.receipts = receipts;
    for (const arrival of arrived) this.#seen.add(keyOf(arrival));
  }

  /** Files a decrypted message and says whether it is shown. */
  take(message: Omit<Arrival, 'seq' | 'shown'>): Arrival {
    const shown = !this.#seen.has(keyOf(message));
    this.#seen.add(keyOf(message));
    const arrival = { ...message, seq: this.arrived.length + 1, shown };
    this.arrived.push(arrival);
    this.#changes.emit('change');
    return arrival;
  }

  get shownCount(): number {
    return this.#seen.size;
  }

  takeReceipt(receipt: Omit<ReceiptSeen, 'seq'>): void {
    this.receipts.push({ ...receipt, seq: this.receipts.length + 1 });
    this.#changes.emit('change');
  }

  takeActivity(activity: Omit<Activity, 'seq'>): void {
    if (this.activities.length >= MAX_ACTIVITIES) return;
    this.activities.push({ ...activity, seq: this.activities.length + 1 });
    this.#changes.emit('change');
  }

  /** Takes the shown messages of others that were not read yet and fit, and counts them as read. */
  takeUnread(fits: (arrival: Arrival) => boolean): Arrival[] {
    return this.#takeOnce(this.#read, fits);
  }

  /** The same for what was not played yet. */
  takeUnplayed(fits: (arrival: Arrival) => boolean): Arrival[] {
    return this.#takeOnce(this.#played, fits);
  }

  #takeOnce(taken: Set<string>, fits: (arrival: Arrival) => boolean): Arrival[] {
    const fresh = this.arrived.filter((arrival) => arrival.shown && !arrival.fromMe && !taken.has(keyOf(arrival)) && fits(arrival));
    for (const arrival of fresh) taken.add(keyOf(arrival));
    return fresh;
  }

  /** Resolves at the next change, or when the signal aborts. */
  async changed(signal: AbortSignal): Promise<void> {
    await once(this.#changes, 'change', { signal }).catch(() => undefined);
  }
}

function keyOf({ chat, sender, id }: Pick<Arrival, 'chat' | 'sender' | 'id'>): string {
  return `${chat} ${sender} ${id}`;
}
