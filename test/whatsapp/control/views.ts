import type { Account } from '../accounts/account.js';
import type { StandingFault } from '../faults/fault.js';
import { createHash } from 'node:crypto';
import type { SharedSetting } from '../app-state/phone-settings.js';
import type { ProfilePicture } from '../accounts/profile.js';
import type { Group } from '../groups/group.js';
import type { Activity, Arrival, ReceiptSeen } from '../phone/mailbox.js';
import type { Presence } from '../presence/presence-board.js';
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
  readonly about: string;
  /** Hex SHA-256 of the profile picture. */
  readonly picture: string | null;
  readonly blocked: readonly string[];
  readonly devices: readonly DeviceView[];
}

/** A group as the control API shows it. Persons are phone numbers. */
export interface GroupView {
  readonly jid: string;
  readonly subject: string;
  readonly description: string | null;
  readonly creator: string;
  readonly addressing: 'lid' | 'pn';
  readonly announcement: boolean;
  readonly locked: boolean;
  readonly approval: boolean;
  readonly memberAddMode: 'admin_add' | 'all_member_add';
  /** Seconds; 0 for messages that stay. */
  readonly ephemeral: number;
  readonly inviteCode: string;
  /** Hex SHA-256 of the picture. */
  readonly picture: string | null;
  readonly members: readonly { readonly number: string; readonly rank: 'member' | 'admin' | 'superadmin' }[];
  /** Who waits to be let in. */
  readonly requests: readonly string[];
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

export type { Activity, Arrival, Presence, ReceiptSeen, SharedSetting, StandingFault };

/** Shows an account. */
export function viewPhone(account: Account): PhoneView {
  const { number, jid, lidJid, name, phone, companions, profile, blocked } = account;
  return {
    number,
    jid,
    lid: lidJid,
    name,
    online: phone.online,
    queued: phone.queue.length,
    arrived: phone.mailbox.arrived.length,
    shown: phone.mailbox.shownCount,
    about: profile.about,
    picture: digestOf(profile.picture),
    blocked: [...blocked],
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

/** Shows a group. */
export function viewGroup(group: Group): GroupView {
  const { jid, subject, description, creator, addressing, announcement, locked, approval, memberAddMode, ephemeral, inviteCode } = group;
  return {
    jid,
    subject,
    description: description?.text ?? null,
    creator: creator.number,
    addressing,
    announcement,
    locked,
    approval,
    memberAddMode,
    ephemeral,
    inviteCode,
    picture: digestOf(group.picture),
    members: [...group.ranks].map(([{ number }, rank]) => ({ number, rank })),
    requests: [...group.requests].map(({ number }) => number),
  };
}

function digestOf(picture: ProfilePicture | null): string | null {
  return picture && createHash('sha256').update(picture.bytes).digest('hex');
}
