import type { Account } from '../accounts/account.js';
import { badRequest, forbidden, itemNotFound } from '../routing/query-refused.js';
import { bytesOf, childOf, childrenOf, stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';
import { changeSettings, replaceDescription } from './group-settings.js';
import { groupStanza, memberStanza } from './group-stanza.js';
import type { Group } from './group.js';
import { changeMembers, createGroup, decideRequests, joinGroup, leaveGroup, revokeInvite, type MemberAction } from './membership.js';

/** A query about groups: who asks, and its first child. */
interface GroupQuery {
  readonly world: World;
  readonly asker: Account;
  readonly child: Stanza;
}

type Answer = Stanza[];
type AboutAll = (query: GroupQuery) => Answer;
type AboutOne = (query: GroupQuery, group: Group) => Answer;

/** Queries that go to `@g.us`, by type/child. */
const ABOUT_ALL: Readonly<Record<string, AboutAll>> = {
  'set/create': ({ world, asker, child }) => {
    const members = accountsIn(world, child);
    return [groupStanza(createGroup(world, asker, child.attrs['subject'] ?? '', members))];
  },
  'get/participating': ({ world, asker }) => {
    const groups = [...world.groups.all()].filter((group) => group.has(asker));
    return [stanza('groups', {}, groups.map(groupStanza))];
  },
  'set/leave': ({ world, asker, child }) => {
    const left = childrenOf(child).map(({ attrs }) => attrs['id'] ?? '');
    for (const jid of left) leaveGroup(world, existing(world, jid), asker);
    return [
      stanza(
        'leave',
        {},
        left.map((id) => stanza('group', { id })),
      ),
    ];
  },
  'get/invite': ({ world, child }) => {
    const group = world.groups.byInviteCode(child.attrs['code'] ?? '');
    if (!group) throw itemNotFound();
    return [groupStanza(group)];
  },
  'set/invite': ({ world, asker, child }) => {
    const { group, waits } = joinGroup(world, asker, child.attrs['code'] ?? '');
    return [stanza(waits ? 'membership_approval_request' : 'group', { jid: group.jid })];
  },
};

/** Queries that go to one group, by type/child. */
const ABOUT_ONE: Readonly<Record<string, AboutOne>> = {
  'get/query': ({ asker }, group) => {
    if (!group.has(asker)) throw forbidden();
    return [groupStanza(group)];
  },
  'set/add': (query, group) => members(query, group, 'add'),
  'set/remove': (query, group) => members(query, group, 'remove'),
  'set/promote': (query, group) => members(query, group, 'promote'),
  'set/demote': (query, group) => members(query, group, 'demote'),
  'set/subject': (query, group) => settings(query, group, { subject: bytesOf(query.child).toString() }),
  'set/description': ({ world, asker, child }, group) => {
    const text = child.attrs['delete'] === 'true' ? '' : bytesOf(childOf(child, 'body')).toString();
    replaceDescription(world, group, asker, text, child.attrs['prev']);
    return [];
  },
  'set/announcement': (query, group) => settings(query, group, { announcement: true }),
  'set/not_announcement': (query, group) => settings(query, group, { announcement: false }),
  'set/locked': (query, group) => settings(query, group, { locked: true }),
  'set/unlocked': (query, group) => settings(query, group, { locked: false }),
  'set/ephemeral': (query, group) => settings(query, group, { ephemeral: Number(query.child.attrs['expiration'] ?? 0) }),
  'set/not_ephemeral': (query, group) => settings(query, group, { ephemeral: 0 }),
  'set/member_add_mode': (query, group) => {
    const mode = bytesOf(query.child).toString();
    if (mode !== 'admin_add' && mode !== 'all_member_add') throw badRequest();
    return settings(query, group, { memberAddMode: mode });
  },
  'set/membership_approval_mode': (query, group) =>
    settings(query, group, { approval: childOf(query.child, 'group_join')?.attrs['state'] === 'on' }),
  'get/invite': ({ asker }, group) => {
    if (!group.isAdmin(asker)) throw forbidden();
    return [stanza('invite', { code: group.inviteCode })];
  },
  'set/invite': ({ world, asker }, group) => [stanza('invite', { code: revokeInvite(world, group, asker) })],
  'set/accept': ({ world, asker, child }, group) => {
    joinGroup(world, asker, child.attrs['code'] === group.inviteCode ? group.inviteCode : '');
    return [];
  },
  'get/membership_approval_requests': ({ asker, world }, group) => {
    if (!group.isAdmin(asker)) throw forbidden();
    const asking = [...group.requests].map((account) =>
      stanza('membership_approval_request', {
        jid: account.addressOf(0, group.byLid),
        request_method: 'invite_link',
        request_time: world.clock.seconds(),
      }),
    );
    return [stanza('membership_approval_requests', {}, asking)];
  },
  'set/membership_requests_action': ({ world, asker, child }, group) => {
    const decisions = childrenOf(child).map((decision) => {
      const outcomes = decideRequests(world, group, asker, decision.tag === 'approve', accountsIn(world, decision));
      return stanza(
        decision.tag,
        {},
        outcomes.map(({ account, error }) => memberStanza(group, account, error)),
      );
    });
    return [stanza('membership_requests_action', {}, decisions)];
  },
};

/** Answers a query about groups; undefined for one that it does not know. Throws QueryRefused. */
export function answerGroupQuery(world: World, asker: Account, node: Stanza): Answer | undefined {
  const [child] = childrenOf(node);
  if (!child) return undefined;
  const key = `${node.attrs['type'] ?? ''}/${child.tag}`;
  const query = { world, asker, child };
  if (node.attrs['to'] === '@g.us') return ABOUT_ALL[key]?.(query);
  const answer = ABOUT_ONE[key];
  return answer?.(query, existing(world, node.attrs['to']));
}

function existing(world: World, jid: string | undefined): Group {
  const group = world.groups.find(jid);
  if (!group) throw itemNotFound();
  return group;
}

function members({ world, asker, child }: GroupQuery, group: Group, action: MemberAction): Answer {
  const outcomes = changeMembers(world, group, asker, action, accountsIn(world, child));
  const unknown = unknownIn(world, child).map((jid) => stanza('participant', { jid, error: 404 }));
  return [stanza(action, {}, [...outcomes.map(({ account, error }) => memberStanza(group, account, error)), ...unknown])];
}

function settings({ world, asker }: GroupQuery, group: Group, change: Parameters<typeof changeSettings>[3]): Answer {
  changeSettings(world, group, asker, change);
  return [];
}

function accountsIn(world: World, node: Stanza): Account[] {
  return childrenOf(node).flatMap(({ attrs }) => world.directory.find(attrs['jid']) ?? []);
}

function unknownIn(world: World, node: Stanza): string[] {
  return childrenOf(node).flatMap(({ attrs: { jid } }) => (jid !== undefined && !world.directory.find(jid) ? [jid] : []));
}
