import { randomBytes } from 'node:crypto';
import { ControlError } from '../control/control-error.js';
import { parseJid } from '../wire/jids.js';
import { Group, type NewGroup } from './group.js';

const FIRST_ID = 120_363_000_000_000_001n;
const CODE_BYTES = 16;

/** All groups, found by address or by invite code. */
export class GroupDirectory {
  readonly #byId = new Map<string, Group>();

  /** Opens a group with only its creator in it. */
  open(wanted: NewGroup): Group {
    const group = new Group(String(FIRST_ID + BigInt(this.#byId.size)), wanted, newInviteCode());
    this.add(group);
    return group;
  }

  add(group: Group): void {
    this.#byId.set(group.id, group);
  }

  all(): IterableIterator<Group> {
    return this.#byId.values();
  }

  find(jid: string | undefined): Group | undefined {
    return this.#byId.get(parseJid(jid)?.user ?? '');
  }

  /** Throws 404 GROUP_NOT_FOUND. */
  byJid(jid: string): Group {
    const group = this.find(jid);
    if (!group) throw new ControlError(404, 'GROUP_NOT_FOUND', `there is no group ${jid}`);
    return group;
  }

  byInviteCode(code: string): Group | undefined {
    return [...this.#byId.values()].find(({ inviteCode }) => inviteCode === code);
  }
}

/** A code as it stands behind chat.whatsapp.com/. */
export function newInviteCode(): string {
  return randomBytes(CODE_BYTES).toString('base64url');
}
