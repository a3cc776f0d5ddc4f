import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { NoBody } from '../schemas/fields.js';
import {
  ChangeMembers,
  DecideRequests,
  groupSummaryJson,
  Invite,
  InvitePath,
  Joined,
  JoinGroup,
  JoinRequests,
  MemberOutcomes,
  outcomesJson,
  requestJson,
  ShownGroupSummary,
} from '../schemas/group.js';
import { GroupPath } from '../schemas/person.js';
import { SessionPath } from '../schemas/session.js';
import { EXAMPLE_GROUP_SUMMARY, EXAMPLE_MEMBER } from './example-group.js';
import { ADMIN_ERRORS, QUERY_ERRORS } from './query-errors.js';

const ofGroup = { id: 'alice', gid: EXAMPLE_GROUP_SUMMARY.jid };
const inviteOf = (code: string) => ({ code, link: `https://chat.whatsapp.com/${code}` });
const CODE = 'Lh3fTq8ZkW2CvB9xYpR1sD';
const outcome = { participants: [{ ...EXAMPLE_MEMBER, done: true, status: 200 }] };

/** Who is in a group, and how one gets in. */
export const groupMemberEndpoints = ({ queries }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'post', path: '/session/:id/groups/:gid/participants', tag: 'groups' },
    summary: 'Adds or removes members, makes them admins or takes that back.',
    params: GroupPath,
    body: ChangeMembers,
    data: MemberOutcomes,
    errors: ADMIN_ERRORS,
    examples: {
      promote: { params: ofGroup, body: { action: 'promote', participants: ['6281200000002'] }, data: outcome },
    },
    handle: async ({ params: { id, gid }, body }) =>
      outcomesJson((await queries.ask(id, 'groups.members', { group: gid, ...body })).participants),
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/groups/:gid/requests', tag: 'groups' },
    summary: 'Who waits to be let in.',
    params: GroupPath,
    data: JoinRequests,
    errors: ADMIN_ERRORS,
    examples: { bob: { params: ofGroup, data: { requests: [{ ...EXAMPLE_MEMBER, at: '2026-11-22T16:19:13.000Z' }] } } },
    handle: async ({ params: { id, gid } }) => ({
      requests: (await queries.ask(id, 'groups.requests', { group: gid })).requests.map(requestJson),
    }),
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/groups/:gid/requests', tag: 'groups' },
    summary: 'Lets people in who asked, or sends them away.',
    params: GroupPath,
    body: DecideRequests,
    data: MemberOutcomes,
    errors: ADMIN_ERRORS,
    examples: { approve: { params: ofGroup, body: { action: 'approve', participants: ['6281200000002'] }, data: outcome } },
    handle: async ({ params: { id, gid }, body: { action, participants } }) => {
      const decision = { group: gid, approve: action === 'approve', participants };
      return outcomesJson((await queries.ask(id, 'groups.decide', decision)).participants);
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/groups/:gid/invite', tag: 'groups' },
    summary: 'The link by which one gets into a group.',
    params: GroupPath,
    data: Invite,
    errors: ADMIN_ERRORS,
    examples: { lunch: { params: ofGroup, data: inviteOf(CODE) } },
    handle: async ({ params: { id, gid } }) => inviteOf((await queries.ask(id, 'groups.invite', { group: gid })).code),
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/groups/:gid/invite/revoke', tag: 'groups' },
    summary: 'Makes the link worthless, and gives a new one.',
    params: GroupPath,
    body: NoBody,
    data: Invite,
    errors: ADMIN_ERRORS,
    examples: { lunch: { params: ofGroup, data: inviteOf(CODE) } },
    handle: async ({ params: { id, gid } }) => inviteOf((await queries.ask(id, 'groups.revokeInvite', { group: gid })).code),
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/groups/invite/:code', tag: 'groups' },
    summary: 'The group that an invitation is for.',
    params: InvitePath,
    data: ShownGroupSummary,
    errors: [...QUERY_ERRORS, 'INVITE_NOT_VALID'],
    examples: { lunch: { params: { id: 'alice', code: CODE }, data: EXAMPLE_GROUP_SUMMARY } },
    handle: async ({ params: { id, code } }) => groupSummaryJson((await queries.ask(id, 'groups.byInvite', { code })).group),
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/groups/join', tag: 'groups' },
    summary: 'Comes into a group by an invitation.',
    params: SessionPath,
    body: JoinGroup,
    data: Joined,
    errors: [...QUERY_ERRORS, 'INVITE_NOT_VALID', 'ALREADY_GROUP_MEMBER'],
    examples: {
      'by link': {
        params: { id: 'alice' },
        body: { code: `https://chat.whatsapp.com/${CODE}` },
        data: { jid: EXAMPLE_GROUP_SUMMARY.jid, waiting: false },
      },
    },
    handle: async ({ params: { id }, body: { code } }) => {
      const { group } = await queries.ask(id, 'groups.join', { code });
      return { jid: group ?? null, waiting: group === undefined };
    },
  }),
];
