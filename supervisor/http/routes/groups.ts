import type { GroupChange } from '../../../shared/ipc/queries/group-queries.js';
import type { Worker } from '../../worker.js';
import { changeInOrder } from '../change-in-order.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { NoBody } from '../schemas/fields.js';
import { ChangeGroup, CreatedGroup, CreateGroup, groupJson, Groups, groupSummaryJson, ShownGroup } from '../schemas/group.js';
import { GroupPath } from '../schemas/person.js';
import { PictureQuery, SetPicture, ShownPicture } from '../schemas/picture.js';
import { Changed } from '../schemas/profile.js';
import { SessionPath } from '../schemas/session.js';
import { EXAMPLE_GROUP, EXAMPLE_GROUP_SUMMARY } from './example-group.js';
import { ADMIN_ERRORS, GROUP_ERRORS, QUERY_ERRORS } from './query-errors.js';

const ofGroup = { id: 'alice', gid: EXAMPLE_GROUP.jid };

/** Groups themselves; who is in them is in group-members.ts. */
export const groupEndpoints = ({ queries }: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/session/:id/groups', tag: 'groups' },
    summary: 'The groups that the account is in, without their members.',
    params: SessionPath,
    data: Groups,
    errors: QUERY_ERRORS,
    examples: { one: { params: { id: 'alice' }, data: { groups: [EXAMPLE_GROUP_SUMMARY], total: 1 } } },
    handle: async ({ params: { id } }) => {
      const { groups } = await queries.ask(id, 'groups.list', {});
      return { groups: groups.map(groupSummaryJson), total: groups.length };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/groups', tag: 'groups' },
    summary: 'Opens a group.',
    params: SessionPath,
    body: CreateGroup,
    data: CreatedGroup,
    errors: [...QUERY_ERRORS, 'OUTCOME_UNKNOWN'],
    examples: {
      lunch: {
        params: { id: 'alice' },
        body: { subject: 'Lunch', participants: ['6281200000002'] },
        data: { ...EXAMPLE_GROUP, notAdded: [] },
      },
    },
    handle: async ({ params: { id }, body: { subject, participants } }) => {
      const { group } = await queries.ask(id, 'groups.create', { subject, participants });
      const inside = new Set(group.participants.flatMap(({ jid, lid }) => [jid, lid]));
      return { ...groupJson(group), notAdded: participants.filter((jid) => !inside.has(jid)) };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/groups/:gid', tag: 'groups' },
    summary: 'A group with its members.',
    params: GroupPath,
    data: ShownGroup,
    errors: GROUP_ERRORS,
    examples: { lunch: { params: ofGroup, data: EXAMPLE_GROUP } },
    handle: async ({ params: { id, gid } }) => groupJson((await queries.ask(id, 'groups.get', { group: gid })).group),
  }),
  endpoint({
    ...{ method: 'patch', path: '/session/:id/groups/:gid', tag: 'groups' },
    summary: 'Changes subject, description or settings of a group.',
    params: GroupPath,
    body: ChangeGroup,
    data: Changed,
    errors: ADMIN_ERRORS,
    examples: { 'admins write': { params: ofGroup, body: { announce: true }, data: { changed: ['announce'] } } },
    handle: async ({ params: { id, gid }, body }) => {
      const changes = Object.entries(body).flatMap(([what, to]) => (to === undefined ? [] : [{ what, to } as GroupChange]));
      return {
        changed: await changeInOrder(
          changes.map((change) => [change.what, async () => queries.ask(id, 'groups.change', { group: gid, change })]),
        ),
      };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/session/:id/groups/:gid/picture', tag: 'groups' },
    summary: 'Where the picture of a group is.',
    params: GroupPath,
    query: PictureQuery,
    data: ShownPicture,
    errors: GROUP_ERRORS,
    examples: { none: { params: ofGroup, data: { picture: null } } },
    handle: async ({ params: { id, gid }, query: { size } }) => queries.ask(id, 'contacts.picture', { jid: gid, size }),
  }),
  endpoint({
    ...{ method: 'put', path: '/session/:id/groups/:gid/picture', tag: 'groups' },
    summary: 'Gives a group a picture, or takes it away.',
    params: GroupPath,
    body: SetPicture,
    data: Changed,
    errors: ADMIN_ERRORS,
    examples: { none: { params: ofGroup, body: { picture: null }, data: { changed: ['picture'] } } },
    handle: async ({ params: { id, gid }, body: { picture } }) => {
      await queries.setPicture(id, picture, gid);
      return { changed: ['picture'] };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/session/:id/groups/:gid/leave', tag: 'groups' },
    summary: 'Leaves a group.',
    params: GroupPath,
    body: NoBody,
    data: Changed,
    errors: GROUP_ERRORS,
    examples: { lunch: { params: ofGroup, data: { changed: ['membership'] } } },
    handle: async ({ params: { id, gid } }) => {
      await queries.ask(id, 'groups.leave', { group: gid });
      return { changed: ['membership'] };
    },
  }),
];
