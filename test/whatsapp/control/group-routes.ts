import { z } from 'zod';
import { changeSettings } from '../groups/group-settings.js';
import { changeMembers, createGroup, decideRequests, joinGroup, leaveGroup, revokeInvite } from '../groups/membership.js';
import type { World } from '../world.js';
import { groupOf, phoneNumber } from './fields.js';
import { route, type Route } from './route.js';
import { viewGroup } from './views.js';

const numbers = z.array(phoneNumber).min(1).max(1_023);
const newGroup = z.strictObject({
  creator: phoneNumber,
  subject: z.string().min(1).max(100),
  members: numbers,
  addressing: z.enum(['lid', 'pn']).default('lid'),
});
const membersOrder = z.strictObject({ by: phoneNumber, action: z.enum(['add', 'remove', 'promote', 'demote']), numbers });
const settingsOrder = z.strictObject({
  by: phoneNumber,
  subject: z.string().optional(),
  description: z.string().optional(),
  announcement: z.boolean().optional(),
  locked: z.boolean().optional(),
  ephemeral: z.int().min(0).optional(),
  memberAddMode: z.enum(['admin_add', 'all_member_add']).optional(),
  approval: z.boolean().optional(),
});

const persons = (world: World, wanted: readonly string[]) => wanted.map((number) => world.directory.byNumber(number));

/** What persons do with groups on their phones. */
export const GROUP_ROUTES: readonly Route[] = [
  route('POST /groups', {
    body: newGroup,
    run: ({ world, body: { creator, subject, members, addressing } }) =>
      viewGroup(createGroup(world, world.directory.byNumber(creator), subject, persons(world, members), addressing)),
  }),
  route('GET /groups', { run: ({ world }) => ({ groups: [...world.groups.all()].map(viewGroup) }) }),
  route('GET /groups/:jid', { run: (call) => viewGroup(groupOf(call)) }),
  route('POST /groups/:jid/members', {
    body: membersOrder,
    run: (call) => {
      const { by, action, numbers: wanted } = call.body;
      const { world } = call;
      const outcomes = changeMembers(world, groupOf(call), world.directory.byNumber(by), action, persons(world, wanted));
      return { members: outcomes.map(({ account, error }) => ({ number: account.number, error: error ?? null })) };
    },
  }),
  route('POST /groups/:jid/settings', {
    body: settingsOrder,
    run: (call) => {
      const { by, ...settings } = call.body;
      changeSettings(call.world, groupOf(call), call.world.directory.byNumber(by), settings);
      return viewGroup(groupOf(call));
    },
  }),
  route('POST /groups/:jid/invite', {
    body: z.strictObject({ by: phoneNumber }),
    run: (call) => ({ code: revokeInvite(call.world, groupOf(call), call.world.directory.byNumber(call.body.by)) }),
  }),
  route('POST /groups/:jid/requests', {
    body: z.strictObject({ by: phoneNumber, approve: z.boolean(), numbers }),
    run: (call) => {
      const { by, approve, numbers: wanted } = call.body;
      const { world } = call;
      decideRequests(world, groupOf(call), world.directory.byNumber(by), approve, persons(world, wanted));
      return viewGroup(groupOf(call));
    },
  }),
  route('POST /groups/:jid/leave', {
    body: z.strictObject({ number: phoneNumber }),
    run: (call) => {
      leaveGroup(call.world, groupOf(call), call.world.directory.byNumber(call.body.number));
      return viewGroup(groupOf(call));
    },
  }),
  route('POST /join', {
    body: z.strictObject({ number: phoneNumber, code: z.string().min(1) }),
    run: ({ world, body: { number, code } }) => {
      const { group, waits } = joinGroup(world, world.directory.byNumber(number), code);
      return { jid: group.jid, waits };
    },
  }),
];
