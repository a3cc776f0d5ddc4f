import { controlCall, WhatsappApiError, type ControlCall } from './control-call.js';
import type { Page } from './control/long-poll.js';
import type {
  Activity,
  Arrival,
  ConnectionsView,
  MessageView,
  PhoneView,
  Presence,
  ReceiptSeen,
  SharedSetting,
  StandingFault,
} from './control/views.js';
import type { FaultInput, Target } from './faults/fault.js';
import type { ChatState } from './presence/presence-board.js';
import type { PastInput } from './phone/past.js';
import type { SendInput } from './phone/send-order.js';
import { GroupClient } from './group-client.js';
import type { PairingOutcome } from './pairing/pairing-desk.js';
import type { StatsSnapshot } from './record/stats.js';
import type { GarbageForm } from './server/connection.js';

export type {
  Activity,
  Arrival,
  ConnectionsView,
  FaultInput,
  GarbageForm,
  MessageView,
  PairingOutcome,
  PastInput,
  PhoneView,
  ReceiptSeen,
  SendInput,
  StandingFault,
  StatsSnapshot,
  Target,
};
export { WhatsappApiError };

/** How to end connections: cut TCP, close the websocket, or say `<stream:error code>` first. */
export type CloseOrder = { readonly how: 'destroy' | 'close' } | { readonly how: 'stream-error'; readonly code: number };

type Condition<T> = string | ((item: T) => boolean);

const POLL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 60_000;

/** Drives a simulated WhatsApp through its control API. Every method rejects with WhatsappApiError when it is refused. Times are milliseconds. */
export class WhatsappClient {
  readonly groups: GroupClient;
  readonly #call: ControlCall;

  constructor(controlUrl: string) {
    this.#call = controlCall(controlUrl);
    this.groups = new GroupClient(this.#call);
  }

  /** A new phone; number and name are made up unless given. */
  async createPhone(wanted: { number?: string; name?: string } = {}): Promise<PhoneView> {
    return this.#call('POST', '/phones', wanted);
  }

  async listPhones(): Promise<readonly PhoneView[]> {
    return (await this.#call<{ phones: PhoneView[] }>('GET', '/phones')).phones;
  }

  async phone(number: string): Promise<PhoneView> {
    return this.#call('GET', `/phones/${number}`);
  }

  /** Lets a phone scan a QR code: its text, or a PNG data URL. Resolves when the device is linked, or a passkey was asked for. */
  async scan(number: string, qr: string): Promise<PairingOutcome> {
    return this.#call('POST', `/phones/${number}/scan`, { qr });
  }

  /** Types a pairing code on a phone. */
  async enterCode(number: string, code: string): Promise<PairingOutcome> {
    return this.#call('POST', `/phones/${number}/enter-code`, { code });
  }

  /** Sends a text from one phone to a number; gives the message's id. */
  async send(from: string, to: string, text: string, id?: string): Promise<string> {
    return (await this.#call<{ id: string }>('POST', `/phones/${from}/send`, { to, text, id })).id;
  }

  /** Sends anything else that a person can send: a file, a place, a poll, a reaction, an answer …; gives the message's id. */
  async sendMessage(from: string, order: SendInput): Promise<string> {
    return (await this.#call<{ id: string }>('POST', `/phones/${from}/send`, order)).id;
  }

  /** Everything a phone decrypted, repeats included. */
  async arrived(number: string): Promise<readonly Arrival[]> {
    return (await this.#call<Page<Arrival>>('GET', `/phones/${number}/arrived`)).items;
  }

  /** What a phone showed: each (chat, sender, id) once. */
  async shown(number: string): Promise<readonly Arrival[]> {
    return (await this.#call<Page<Arrival>>('GET', `/phones/${number}/shown`)).items;
  }

  /** The receipts that a sender's phone saw. */
  async receipts(number: string): Promise<readonly ReceiptSeen[]> {
    return (await this.#call<Page<ReceiptSeen>>('GET', `/phones/${number}/receipts`)).items;
  }

  /** Waits until a phone has shown a message of that id, or one that the predicate accepts. Rejects when the time is up. */
  async waitForShown(number: string, wanted: Condition<Arrival>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Arrival> {
    return this.#waitFor(`/phones/${number}/shown`, wanted, timeoutMs);
  }

  /** Waits until a message, repeats included, has reached a phone. */
  async waitForArrived(number: string, wanted: Condition<Arrival>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Arrival> {
    return this.#waitFor(`/phones/${number}/arrived`, wanted, timeoutMs);
  }

  /** Waits until a sender's phone saw a receipt. */
  async waitForReceipt(number: string, wanted: Condition<ReceiptSeen>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<ReceiptSeen> {
    return this.#waitFor(`/phones/${number}/receipts`, wanted, timeoutMs);
  }

  /** Waits until a phone saw somebody type, record, come or go. */
  async waitForActivity(number: string, wanted: Condition<Activity>, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<Activity> {
    return this.#waitFor(`/phones/${number}/activities`, wanted, timeoutMs);
  }

  /** Reads messages on a phone: of these ids, from that number, or both; gives how many were unread. */
  async markRead(number: string, what: { from?: string; ids?: readonly string[] }): Promise<number> {
    return (await this.#call<{ read: number }>('POST', `/phones/${number}/read`, what)).read;
  }

  /** Plays the sounds of these ids or from that number; gives how many were not played before. */
  async markPlayed(number: string, what: { from?: string; ids?: readonly string[] }): Promise<number> {
    return (await this.#call<{ read: number }>('POST', `/phones/${number}/read`, { ...what, play: true })).read;
  }

  /** Types or records in a chat (a number or a group), or stops. */
  async typing(number: string, to: string, state: ChatState): Promise<void> {
    await this.#call('POST', `/phones/${number}/typing`, { to, state });
  }

  /** Opens WhatsApp on a phone, or puts the phone away. */
  async setAvailable(number: string, available: boolean): Promise<Presence> {
    return this.#call('POST', `/phones/${number}/presence`, { available });
  }

  /** Whether somebody is there, on the phone or a linked device. */
  async presence(number: string): Promise<Presence> {
    return this.#call('GET', `/phones/${number}/presence`);
  }

  /** Lets a phone see when somebody comes and goes. */
  async follow(number: string, followed: string): Promise<void> {
    await this.#call('POST', `/phones/${number}/follow`, { number: followed });
  }

  async setBlocked(number: string, other: string, blocked: boolean): Promise<PhoneView> {
    return this.#call('POST', `/phones/${number}/block`, { number: other, blocked });
  }

  /** Changes what others see of a person; the picture is base64, null takes it away. */
  async setProfile(number: string, profile: { about?: string; picture?: string | null }): Promise<PhoneView> {
    return this.#call('POST', `/phones/${number}/profile`, profile);
  }

  /** Gives a phone chats from before; devices linked from now on are told. */
  async setPast(number: string, past: PastInput): Promise<void> {
    await this.#call('POST', `/phones/${number}/past`, past);
  }

  /** Forbids an account to write to strangers for so many seconds; 0 lifts that. */
  async restrict(number: string, seconds: number): Promise<void> {
    await this.#call('POST', `/phones/${number}/restrict`, { seconds });
  }

  /** What the devices of an account agreed on: pinned, archived, starred, muted, read. */
  async settings(number: string): Promise<readonly SharedSetting[]> {
    return (await this.#call<{ settings: SharedSetting[] }>('GET', `/phones/${number}/settings`)).settings;
  }

  /** Pins or mutes a chat on the phone. */
  async changeSetting(number: string, change: 'pin' | 'mute', chat: string, on: boolean): Promise<void> {
    await this.#call('POST', `/phones/${number}/settings`, { change, chat, on });
  }

  /** Takes a media file away, as if it had been there too long. */
  async expireMedia(directPath: string): Promise<void> {
    await this.#call('POST', '/media/expire', { directPath });
  }

  /** Takes a phone off the network or back. */
  async setOnline(number: string, online: boolean): Promise<PhoneView> {
    return this.#call('POST', `/phones/${number}/online`, { online });
  }

  /** Makes a phone lose its Signal sessions, so that it cannot decrypt what comes next and asks again. */
  async forgetSessions(number: string): Promise<void> {
    await this.#call('POST', `/phones/${number}/forget-sessions`);
  }

  /** Removes a linked device on the phone, as "log out" there does. */
  async unlink(number: string, device: number): Promise<void> {
    await this.#call('DELETE', `/phones/${number}/devices/${device}`);
  }

  /** Throws one-time keys of a linked device away until so many are left, as if that many strangers had written. */
  async drainKeys(number: string, device: number, leave: number): Promise<PhoneView> {
    return this.#call('POST', `/phones/${number}/devices/${device}/drain-keys`, { leave });
  }

  /** Every connection so far, and the proof of double ones. */
  async connections(): Promise<ConnectionsView> {
    return this.#call('GET', '/connections');
  }

  /** Ends the open connections that a target names (all without one); gives how many. */
  async closeConnections(order: CloseOrder, target: Target = {}): Promise<number> {
    return (await this.#call<{ closed: number }>('POST', '/connections/close', { ...order, target })).closed;
  }

  /** Sends garbage: bytes that do not decrypt, bytes that decrypt to no stanza, or a stanza that means nothing. */
  async sendGarbage(form: GarbageForm, target: Target = {}): Promise<number> {
    return (await this.#call<{ sent: number }>('POST', '/connections/garbage', { form, target })).sent;
  }

  /** Puts a fault in force. */
  async addFault(fault: FaultInput): Promise<StandingFault> {
    return this.#call('POST', '/faults', fault);
  }

  async faults(): Promise<readonly StandingFault[]> {
    return (await this.#call<{ faults: StandingFault[] }>('GET', '/faults')).faults;
  }

  /** Clears one fault, or all. */
  async clearFaults(id?: number): Promise<void> {
    await this.#call('DELETE', id === undefined ? '/faults' : `/faults/${id}`);
  }

  async stats(): Promise<StatsSnapshot> {
    return this.#call('GET', '/stats');
  }

  /** What happened to a message, step by step. */
  async trace(id: string): Promise<MessageView> {
    return this.#call('GET', `/messages/${encodeURIComponent(id)}`);
  }

  /** Saves the state file now; false when there is none. */
  async flush(): Promise<boolean> {
    return (await this.#call<{ saved: boolean }>('POST', '/flush')).saved;
  }

  async #waitFor<T extends { readonly id: string }>(path: string, wanted: Condition<T>, timeoutMs: number): Promise<T> {
    const deadline = performance.now() + timeoutMs;
    const fits = typeof wanted === 'string' ? ({ id }: T): boolean => id === wanted : wanted;
    let after = 0;
    for (;;) {
      const left = deadline - performance.now();
      const waitMs = Math.max(0, Math.min(POLL_MS, Math.floor(left)));
      const page = await this.#call<Page<T>>('GET', `${path}?after=${after}&waitMs=${waitMs}`);
      const found = page.items.find(fits);
      if (found) return found;
      after = page.last;
      if (left <= 0) throw new Error(`nothing like that on ${path} within ${timeoutMs} ms`);
    }
  }
}
