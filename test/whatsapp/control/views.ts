import type { Account } from '../accounts/account.js';
import type { StandingFault } from '../faults/fault.js';
import type { Arrival, ReceiptSeen } from '../phone/mailbox.js';
import type { ConnectionRecord, Overlap } from '../record/connection-log.js';
import type { TraceEvent } from '../record/traces.js';

/** A linked device as the control API shows it. */
interface DeviceView {
  readonly jid: string;
  readonly lid: string;
  readonly device: number;
  readonly keyIndex: number;
  readonly connected: boolean;
  /** Logged in and past `passive active`. */
  readonly receiving: boolean;
  /** Stanzas it has not acknowledged yet. */
  readonly queued: number;
  /** One-time keys left. */
  readonly preKeys: number;
}

/** A phone as the control API shows it. */
export interface PhoneView {
  readonly number: string;
  readonly jid: string;
  readonly lid: string;
  readonly name: string;
  readonly online: boolean;
  /** Stanzas that wait for it. */
  readonly queued: number;
  readonly arrived: number;
  readonly shown: number;
  readonly devices: readonly DeviceView[];
}

/** Every connection since the start, and the proof of double ones. */
export interface ConnectionsView {
  readonly connections: readonly ConnectionRecord[];
  readonly overlaps: readonly Overlap[];
  readonly verdict: 'single' | 'overlapping';
}

/** What happened to one message id. */
export interface MessageView {
  readonly id: string;
  readonly events: readonly TraceEvent[];
}

export type { Arrival, ReceiptSeen, StandingFault };

/** Shows an account. */
export function viewPhone(account: Account): PhoneView {
  const { number, jid, lidJid, name, phone, companions } = account;
  return {
    number,
    jid,
    lid: lidJid,
    name,
    online: phone.online,
    queued: phone.queue.length,
    arrived: phone.mailbox.arrived.length,
    shown: phone.mailbox.shownCount,
    devices: [...companions.values()].map((companion) => ({
      jid: companion.jid,
      lid: companion.lid,
      device: companion.device,
      keyIndex: companion.keyIndex,
      connected: companion.connection !== null,
      receiving: companion.receiving,
      queued: companion.queue.length,
      preKeys: companion.preKeys.count,
    })),
  };
}
