import type { Account } from '../accounts/account.js';
import { badRequest, conflict, forbidden } from '../routing/query-refused.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { announceInGroup } from './group-news.js';
import { descriptionStanza } from './group-stanza.js';
import type { Group } from './group.js';

/** What can be set on a group. */
export interface GroupSettings {
  readonly subject?: string | undefined;
  /** An empty text takes it away. */
  readonly description?: string | undefined;
  /** Only admins write. */
  readonly announcement?: boolean | undefined;
  /** Only admins change subject and description. */
  readonly locked?: boolean | undefined;
  /** Seconds; 0 for messages that stay. */
  readonly ephemeral?: number | undefined;
  readonly memberAddMode?: 'admin_add' | 'all_member_add' | undefined;
  readonly approval?: boolean | undefined;
}

type Setter<Value> = (group: Group, value: Value, actor: Account, seconds: number) => Stanza;
type Setters = { readonly [Key in keyof GroupSettings]-?: Setter<NonNullable<GroupSettings[Key]>> };

/** WhatsApp's own limits, in characters. */
const MAX_SUBJECT = 100;
const MAX_DESCRIPTION = 2_048;

/** Sets it, and gives the stanza that says so. */
const SETTERS: Setters = {
  subject: (group, subject, actor, seconds) => {
    if (subject === '' || subject.length > MAX_SUBJECT) throw badRequest();
    Object.assign(group, { subject, subjectBy: actor, subjectAt: seconds });
    return stanza('subject', { subject, s_t: seconds, s_o: actor.addressOf(0, group.byLid) });
  },
  description: (group, text, actor, seconds) => {
    if (text.length > MAX_DESCRIPTION) throw badRequest();
    group.description = text === '' ? null : { id: `desc-${group.id}-${seconds}-${text.length}`, text, by: actor, at: seconds };
    return descriptionStanza(group);
  },
  announcement: (group, on) => {
    group.announcement = on;
    return stanza(on ? 'announcement' : 'not_announcement');
  },
  locked: (group, on) => {
    group.locked = on;
    return stanza(on ? 'locked' : 'unlocked');
  },
  ephemeral: (group, expiration) => {
    group.ephemeral = expiration;
    return expiration > 0 ? stanza('ephemeral', { expiration }) : stanza('not_ephemeral');
  },
  memberAddMode: (group, mode) => {
    group.memberAddMode = mode;
    return stanza('member_add_mode', {}, Buffer.from(mode));
  },
  approval: (group, on) => {
    group.approval = on;
    return stanza('membership_approval_mode', {}, [stanza('group_join', { state: on ? 'on' : 'off' })]);
  },
};

/** What a plain member may set while a group is not locked. */
const FOR_MEMBERS = new Set<keyof GroupSettings>(['subject', 'description', 'ephemeral']);

/** Sets things on a group and tells its members. Throws `forbidden` when that needs an admin, `bad-request` for what is too long. */
export function changeSettings(world: World, group: Group, actor: Account, settings: GroupSettings): void {
  for (const key of Object.keys(SETTERS) as (keyof GroupSettings)[]) {
    const value = settings[key];
    if (value === undefined) continue;
    if (!group.isAdmin(actor) && (!group.has(actor) || group.locked || !FOR_MEMBERS.has(key))) throw forbidden();
    const set = SETTERS[key] as Setter<unknown>;
    announceInGroup(world, group, actor, set(group, value, actor, world.clock.seconds()));
  }
}

/** Sets the description if `before` is the id of the one in force. Throws `conflict` when it is not. */
export function replaceDescription(world: World, group: Group, actor: Account, text: string, before: string | undefined): void {
  if (before !== group.description?.id) throw conflict();
  changeSettings(world, group, actor, { description: text });
}
