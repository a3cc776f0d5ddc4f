import type { Account } from '../accounts/account.js';
import { conflict, forbidden, itemNotFound, QueryRefused } from '../routing/query-refused.js';
import { stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { newInviteCode } from './group-directory.js';
import { announceInGroup } from './group-news.js';
import { groupStanza, memberStanza } from './group-stanza.js';
import type { Addressing, Group } from './group.js';

/** What can be done to members. */
export type MemberAction = 'add' | 'remove' | 'promote' | 'demote';

/** What became of one member; without an error it was done. */
export interface MemberOutcome {
  readonly account: Account;
  readonly error?: number;
}

/** Members of a group at most. */
const MAX_MEMBERS = 1_024;
const NOT_A_MEMBER = 404;
const IS_A_MEMBER = 409;
const NOT_ALLOWED = 403;

/** Opens a group with these members. */
export function createGroup(
  world: World,
  creator: Account,
  subject: string,
  members: readonly Account[],
  addressing: Addressing = 'lid',
): Group {
  const group = world.groups.open({ subject, creator, addressing, creation: world.clock.seconds() });
  for (const member of members.slice(0, MAX_MEMBERS - 1)) if (!group.has(member)) group.ranks.set(member, 'member');
  announceInGroup(world, group, creator, stanza('create', { type: 'new', key: group.id }, [groupStanza(group)]));
  return group;
}

/** Does something to members; who cannot be done so gets an error of their own. Throws `forbidden` when the actor may not. */
export function changeMembers(
  world: World,
  group: Group,
  actor: Account,
  action: MemberAction,
  targets: readonly Account[],
): MemberOutcome[] {
  const open = action === 'add' && group.memberAddMode === 'all_member_add';
  if (!group.has(actor) || (!group.isAdmin(actor) && !open)) throw forbidden();
  const outcomes = targets.map((account) => ({ account, ...refusal(CHANGES[action](group, account)) }));
  const done = outcomes.flatMap(({ account, error }) => (error === undefined ? [account] : []));
  if (done.length === 0) return outcomes;
  const change = stanza(
    action,
    {},
    done.map((account) => memberStanza(group, account)),
  );
  if (action === 'remove') renewKeys(group);
  announceInGroup(world, group, actor, change, action === 'remove' ? done : []);
  return outcomes;
}

/** Somebody goes by themselves. Throws `item-not-found` for who is no member. */
export function leaveGroup(world: World, group: Group, account: Account): void {
  if (!group.ranks.delete(account)) throw itemNotFound();
  // A group without an admin gets the member who was in it longest.
  const [eldest] = group.ranks.keys();
  if (eldest && ![...group.ranks.keys()].some((member) => group.isAdmin(member))) group.ranks.set(eldest, 'admin');
  renewKeys(group);
  announceInGroup(world, group, account, stanza('remove', {}, [memberStanza(group, account)]), [account]);
}

/** Somebody comes by the link: in at once, or to the requests where admins decide. Throws `conflict`, `item-not-found`. */
export function joinGroup(world: World, account: Account, code: string): { group: Group; waits: boolean } {
  const group = world.groups.byInviteCode(code);
  if (!group) throw new QueryRefused(406, 'not-acceptable');
  if (group.has(account)) throw conflict();
  if (group.approval) {
    group.requests.add(account);
    const requested = stanza('created_membership_requests', { request_method: 'invite_link' }, [memberStanza(group, account)]);
    announceInGroup(world, group, account, requested);
    return { group, waits: true };
  }
  admit(world, group, account, account, 'invite');
  return { group, waits: false };
}

/** Lets people in who asked, or sends them away. Throws `forbidden`. */
export function decideRequests(world: World, group: Group, actor: Account, approve: boolean, targets: readonly Account[]): MemberOutcome[] {
  if (!group.isAdmin(actor)) throw forbidden();
  return targets.map((account) => {
    if (!group.requests.delete(account)) return { account, error: NOT_A_MEMBER };
    if (approve) admit(world, group, actor, account, 'linked_group_join');
    else announceInGroup(world, group, actor, stanza('revoked_membership_requests', {}, [memberStanza(group, account)]));
    return { account };
  });
}

/** Makes the link that was given out worthless. Throws `forbidden`. */
export function revokeInvite(world: World, group: Group, actor: Account): string {
  if (!group.isAdmin(actor)) throw forbidden();
  group.inviteCode = newInviteCode();
  announceInGroup(world, group, actor, stanza('invite', { code: group.inviteCode }));
  return group.inviteCode;
}

const CHANGES: Readonly<Record<MemberAction, (group: Group, account: Account) => number | undefined>> = {
  add: (group, account) => {
    if (group.has(account)) return IS_A_MEMBER;
    if (group.ranks.size >= MAX_MEMBERS) return NOT_ALLOWED;
    group.ranks.set(account, 'member');
    return undefined;
  },
  remove: (group, account) => {
    if (group.ranks.get(account) === 'superadmin') return NOT_ALLOWED;
    return group.ranks.delete(account) ? undefined : NOT_A_MEMBER;
  },
  promote: (group, account) => rank(group, account, 'admin'),
  demote: (group, account) => rank(group, account, 'member'),
};

function rank(group: Group, account: Account, to: 'admin' | 'member'): number | undefined {
  if (!group.has(account)) return NOT_A_MEMBER;
  if (group.ranks.get(account) === 'superadmin') return NOT_ALLOWED;
  group.ranks.set(account, to);
  return undefined;
}

function refusal(error: number | undefined): { error?: number } {
  return error === undefined ? {} : { error };
}

function admit(world: World, group: Group, actor: Account, account: Account, reason: string): void {
  group.ranks.set(account, 'member');
  announceInGroup(world, group, actor, stanza('add', { reason }, [memberStanza(group, account)]));
}

/** Phones that stay encrypt under new keys, so that who went can read nothing more. */
function renewKeys(group: Group): void {
  for (const member of group.ranks.keys()) member.phone.senderKeys.renew(group.jid);
}
