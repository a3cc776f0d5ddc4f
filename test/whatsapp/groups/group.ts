import type { Account } from '../accounts/account.js';
import type { ProfilePicture } from '../accounts/profile.js';
import { formatJid, GROUP_SERVER } from '../wire/jids.js';

/** What a member may do. */
export type Rank = 'member' | 'admin' | 'superadmin';

/** How members are addressed: by LID, as groups of today are, or by phone number. */
export type Addressing = 'lid' | 'pn';

/** The text under a group's name. */
export interface Description {
  readonly id: string;
  readonly text: string;
  readonly by: Account;
  /** Seconds since the epoch. */
  readonly at: number;
}

/** What a group is made with. */
export interface NewGroup {
  readonly subject: string;
  readonly creator: Account;
  readonly addressing: Addressing;
  /** Seconds since the epoch. */
  readonly creation: number;
}

/** One group: its name, its rules, and who is in it. */
export class Group {
  subject: string;
  subjectBy: Account;
  subjectAt: number;
  description: Description | null = null;
  picture: ProfilePicture | null = null;
  /** Only admins change subject, description and picture. */
  locked = false;
  /** Only admins write. */
  announcement = false;
  memberAddMode: 'admin_add' | 'all_member_add' = 'all_member_add';
  /** Admins let people in who come by the link. */
  approval = false;
  /** Seconds after which messages vanish; 0 for never. */
  ephemeral = 0;
  inviteCode: string;
  readonly ranks = new Map<Account, Rank>();
  /** Who waits to be let in. */
  readonly requests = new Set<Account>();
  readonly creator: Account;
  readonly creation: number;
  readonly addressing: Addressing;

  constructor(
    /** The user part of its address. */
    readonly id: string,
    { subject, creator, addressing, creation }: NewGroup,
    inviteCode: string,
  ) {
    this.subject = subject;
    this.subjectBy = creator;
    this.subjectAt = creation;
    this.creator = creator;
    this.creation = creation;
    this.addressing = addressing;
    this.inviteCode = inviteCode;
    this.ranks.set(creator, 'superadmin');
  }

  get jid(): string {
    return formatJid(this.id, 0, GROUP_SERVER);
  }

  /** By which tests and phones call this chat. */
  get chatId(): string {
    return this.jid;
  }

  get byLid(): boolean {
    return this.addressing === 'lid';
  }

  has(account: Account): boolean {
    return this.ranks.has(account);
  }

  isAdmin(account: Account): boolean {
    return (this.ranks.get(account) ?? 'member') !== 'member';
  }
}
