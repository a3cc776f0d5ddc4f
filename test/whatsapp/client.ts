import type { Page } from './control/long-poll.js';
import type { Arrival, ConnectionsView, MessageView, PhoneView, ReceiptSeen, StandingFault } from './control/views.js';
import type { FaultInput, Target } from './faults/fault.js';
import type { PairingOutcome } from './pairing/pairing-desk.js';
import { ONE_REQUEST } from './one-request.js';
import type { StatsSnapshot } from './record/stats.js';
import type { GarbageForm } from './server/connection.js';

export type {
  Arrival,
  ConnectionsView,
  FaultInput,
  GarbageForm,
  MessageView,
  PairingOutcome,
  PhoneView,
  ReceiptSeen,
  StandingFault,
  StatsSnapshot,
  Target,
};

/** What the control API refused: its HTTP status, its code, and a sentence. */
export class WhatsappApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = 'WhatsappApiError';
  }
}

/** How to end connections: cut TCP, close the websocket, or say `<stream:error code>` first. */
export type CloseOrder = { readonly how: 'destroy' | 'close' } | { readonly how: 'stream-error'; readonly code: number };

type Condition<T> = string | ((item: T) => boolean);

const POLL_MS = 10_000;
const DEFAULT_TIMEOUT_MS = 60_000;

/** Drives a simulated WhatsApp through its control API. Every method rejects with WhatsappApiError when it is refused. Times are milliseconds. */
export class WhatsappClient {
  readonly #url: string;

  constructor(controlUrl: string) {
    this.#url = controlUrl;
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

  /** Reads messages on a phone: of these ids, from that number, or both; gives how many were unread. */
  async markRead(number: string, what: { from?: string; ids?: readonly string[] }): Promise<number> {
    return (await this.#call<{ read: number }>('POST', `/phones/${number}/read`, what)).read;
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

  async #call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.#url}${path}`, {
      method,
      headers: { ...ONE_REQUEST, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const answer: unknown = await response.json();
    if (response.ok) return answer as T;
    const { error, code } = answer as { error: string; code: string };
    throw new WhatsappApiError(response.status, code, error);
  }
}
