import { isLid } from '../../shared/domain/ids.js';
import { AppError } from '../../shared/errors.js';
import type { Group, GROUP_QUERIES, GroupChange, GroupSummary, MemberOutcome } from '../../shared/ipc/queries/group-queries.js';
import type { BinaryNode, GroupMetadata, WASocket } from '../baileys.js';
import { knownPerson, personOf } from './people.js';
import type { QueryHandlers } from './query-scope.js';

export const GROUP_HANDLERS: QueryHandlers<keyof typeof GROUP_QUERIES> = {
  'groups.list': async (_params, { sock }) => ({ groups: Object.values(await sock.groupFetchAllParticipating()).map(summaryOf) }),

  'groups.get': async ({ group }, { groups }) => ({ group: groupOf(await groups.get(group)) }),

  'groups.create': async ({ subject, participants }, { sock, groups }) => {
    const { id } = await sock.groupCreate(subject, participants);
    // Its answer does not tell who could not be added.
    return { group: groupOf(await groups.get(id)) };
  },

  'groups.members': async ({ group, action, participants }, { sock, groups }) => {
    const outcomes = await sock.groupParticipantsUpdate(group, participants, action);
    groups.forget(group);
    return { participants: outcomes.map(({ status, jid, content }) => outcomeOf(status, jid, content)) };
  },

  'groups.change': async ({ group, change }, { sock, groups }) => {
    await apply(sock, group, change);
    groups.forget(group);
    return {};
  },

  'groups.invite': async ({ group }, { sock }) => ({ code: given(await sock.groupInviteCode(group)) }),
  'groups.revokeInvite': async ({ group }, { sock }) => ({ code: given(await sock.groupRevokeInvite(group)) }),
  'groups.byInvite': async ({ code }, { sock }) => ({ group: summaryOf(await sock.groupGetInviteInfo(code)) }),

  'groups.join': async ({ code }, { sock, groups }) => {
    const group = await sock.groupAcceptInvite(code);
    if (group === undefined) return {};
    groups.forget(group);
    return { group };
  },

  'groups.leave': async ({ group }, { sock, groups }) => {
    await sock.groupLeave(group);
    groups.forget(group);
    return {};
  },

  'groups.requests': async ({ group }, { sock }) => {
    const requests = await sock.groupRequestParticipantsList(group);
    return {
      requests: await Promise.all(
        requests.map(async ({ jid = '', phone_number, request_time }) => {
          const at = millisecondsOf(Number(request_time));
          const person = phone_number === undefined ? await knownPerson(sock, jid) : personOf(jid, phone_number);
          return { ...person, ...(at !== undefined && { at }) };
        }),
      ),
    };
  },

  'groups.decide': async ({ group, approve, participants }, { sock, groups }) => {
    const outcomes = await sock.groupRequestParticipantsUpdate(group, participants, approve ? 'approve' : 'reject');
    groups.forget(group);
    return { participants: outcomes.map(({ status, jid }) => outcomeOf(status, jid)) };
  },
};

type Setter<What extends GroupChange['what']> = (sock: WASocket, group: string, to: (GroupChange & { what: What })['to']) => Promise<void>;

const SETTERS: { readonly [What in GroupChange['what']]: Setter<What> } = {
  subject: async (sock, group, to) => sock.groupUpdateSubject(group, to),
  description: async (sock, group, to) => sock.groupUpdateDescription(group, to),
  announce: async (sock, group, to) => sock.groupSettingUpdate(group, to ? 'announcement' : 'not_announcement'),
  locked: async (sock, group, to) => sock.groupSettingUpdate(group, to ? 'locked' : 'unlocked'),
  ephemeralSeconds: async (sock, group, to) => sock.groupToggleEphemeral(group, to),
  joinApproval: async (sock, group, to) => sock.groupJoinApprovalMode(group, to ? 'on' : 'off'),
  memberAdd: async (sock, group, to) => sock.groupMemberAddMode(group, to === 'admins' ? 'admin_add' : 'all_member_add'),
};

const apply = async (sock: WASocket, group: string, { what, to }: GroupChange): Promise<void> => {
  // The table has for each a setter of the right type.
  const set = SETTERS[what] as (sock: WASocket, group: string, to: unknown) => Promise<void>;
  return set(sock, group, to);
};

const given = (code: string | undefined): string => {
  if (code === undefined) throw new AppError('WHATSAPP_UNAVAILABLE', 'WhatsApp answered without an invitation; try again.');
  return code;
};

/** The server may leave out what Baileys says is there. */
type Metadata = Omit<GroupMetadata, 'subject'> & { subject?: string };

const summaryOf = (metadata: Metadata): GroupSummary => {
  const { id, subject, subjectOwner, subjectOwnerPn, subjectTime, desc, owner, ownerPn, creation, ephemeralDuration, linkedParent } =
    metadata;
  const subjectSetAt = millisecondsOf(subjectTime);
  const createdAt = millisecondsOf(creation);
  return {
    jid: id,
    subject: subject ?? '',
    ...(subjectSetAt !== undefined && { subjectSetAt }),
    ...(subjectOwner !== undefined && { subjectSetBy: personOf(subjectOwner, subjectOwnerPn) }),
    ...(desc !== undefined && { description: desc }),
    ...(owner !== undefined && { owner: personOf(owner, ownerPn) }),
    ...(createdAt !== undefined && { createdAt }),
    size: metadata.size ?? metadata.participants.length,
    addressing: String(metadata.addressingMode) === 'pn' ? 'pn' : 'lid',
    announce: metadata.announce === true,
    locked: metadata.restrict === true,
    ephemeralSeconds: ephemeralDuration ?? 0,
    joinApproval: metadata.joinApprovalMode === true,
    memberAdd: metadata.memberAddMode === true ? 'all' : 'admins',
    ...(linkedParent !== undefined && { community: linkedParent }),
  };
};

const groupOf = (metadata: GroupMetadata): Group => ({
  ...summaryOf(metadata),
  participants: metadata.participants.map(({ id, phoneNumber, lid, admin }) => ({
    ...personOf(id, phoneNumber ?? lid),
    rank: admin ?? 'member',
  })),
});

const outcomeOf = (status: string, jid: string | undefined, node?: BinaryNode): MemberOutcome => {
  const { phone_number, lid } = node?.attrs ?? {};
  const code = Number(status);
  return { ...personOf(jid ?? '', isLid(jid ?? '') ? phone_number : lid), status: Number.isInteger(code) ? code : 500 };
};

const millisecondsOf = (seconds: number | undefined): number | undefined => {
  const milliseconds = Math.trunc((seconds ?? 0) * 1000);
  return Number.isSafeInteger(milliseconds) && milliseconds > 0 ? milliseconds : undefined;
};
