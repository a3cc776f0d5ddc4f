import { z } from 'zod';
import {
  LONGEST_DESCRIPTION,
  LONGEST_SUBJECT,
  MEMBER_ACTIONS,
  MEMBERS_AT_ONCE,
  type Group,
  type GroupSummary,
  type MemberOutcome,
} from '../../../shared/ipc/queries/group-queries.js';
import { SessionId } from '../../../shared/domain/ids.js';
import { iso } from '../session-json.js';
import { object, string, Time } from './fields.js';
import { people, personJson, ShownPerson } from './person.js';

const subject = string('subject')
  .min(1, 'subject must not be empty')
  .max(LONGEST_SUBJECT, `subject must be at most ${LONGEST_SUBJECT} characters`);
const participants = people('participants', MEMBERS_AT_ONCE);
const flag = (name: string) => z.boolean({ error: `${name} must be true or false` }).optional();
/** Those that WhatsApp's own clients offer. */
const EPHEMERAL_SECONDS = [0, 86_400, 604_800, 7_776_000] as const;

export const CreateGroup = object({ subject, participants });
export const ChangeMembers = object({
  action: z.enum(MEMBER_ACTIONS, { error: `action must be one of ${MEMBER_ACTIONS.join(', ')}` }),
  participants,
});
export const ChangeGroup = object({
  subject: subject.optional(),
  description: string('description').max(LONGEST_DESCRIPTION, `description must be at most ${LONGEST_DESCRIPTION} characters`).optional(),
  announce: flag('announce'),
  locked: flag('locked'),
  ephemeralSeconds: z.literal(EPHEMERAL_SECONDS, { error: `ephemeralSeconds must be one of ${EPHEMERAL_SECONDS.join(', ')}` }).optional(),
  joinApproval: flag('joinApproval'),
  memberAdd: z.enum(['admins', 'all'], { error: 'memberAdd must be admins or all' }).optional(),
});

/** Of an invitation: its code, or the link it is in. */
const inviteCode = string('code')
  .transform((code) => code.replace(/^https?:\/\/chat\.whatsapp\.com\/(invite\/)?/, '').replace(/\?.*$/, ''))
  .pipe(z.string().regex(/^[A-Za-z0-9_-]{8,64}$/, 'code must be the code of an invitation, or its link'));
export const JoinGroup = object({ code: inviteCode });
export const InvitePath = z.object({ id: SessionId, code: inviteCode });
export const DecideRequests = object({
  action: z.enum(['approve', 'reject'], { error: 'action must be approve or reject' }),
  participants,
});

export const ShownGroupSummary = z.object({
  jid: z.string(),
  subject: z.string(),
  subjectSetAt: Time.nullable(),
  subjectSetBy: ShownPerson.nullable(),
  description: z.string().nullable(),
  owner: ShownPerson.nullable(),
  createdAt: Time.nullable(),
  size: z.int(),
  /** By which identity its members are addressed. */
  addressing: z.enum(['lid', 'pn']),
  /** Only admins write. */
  announce: z.boolean(),
  /** Only admins change subject, description, picture and how long messages stay. */
  locked: z.boolean(),
  /** How long messages stay; 0: for ever. */
  ephemeralSeconds: z.int(),
  /** Admins decide who comes in by the link. */
  joinApproval: z.boolean(),
  /** Who may add members. */
  memberAdd: z.enum(['admins', 'all']),
  /** The community that it belongs to. */
  community: z.string().nullable(),
});
const ShownMember = ShownPerson.extend({ rank: z.enum(['member', 'admin', 'superadmin']) });
export const ShownGroup = ShownGroupSummary.extend({ participants: z.array(ShownMember) });
export const Groups = z.object({ groups: z.array(ShownGroupSummary), total: z.int() });
/** `error` says in a word why it was not done; `status` is WhatsApp's code for it. */
export const MemberOutcomes = z.object({
  participants: z.array(ShownPerson.extend({ done: z.boolean(), status: z.int(), error: z.string().optional() })),
});
/** `notAdded` are those who are not in it, for example because they let nobody add them. */
export const CreatedGroup = ShownGroup.extend({ notAdded: z.array(z.string()) });
export const Invite = z.object({ code: z.string(), link: z.string() });
/** `waiting`: admins have to let the account in. */
export const Joined = z.object({ jid: z.string().nullable(), waiting: z.boolean() });
export const JoinRequests = z.object({ requests: z.array(ShownPerson.extend({ at: Time.nullable() })) });

const time = (at: number | undefined): string | null => (at === undefined ? null : iso(at));

export const groupSummaryJson = (group: GroupSummary): z.input<typeof ShownGroupSummary> => ({
  jid: group.jid,
  subject: group.subject,
  subjectSetAt: time(group.subjectSetAt),
  subjectSetBy: group.subjectSetBy ? personJson(group.subjectSetBy) : null,
  description: group.description ?? null,
  owner: group.owner ? personJson(group.owner) : null,
  createdAt: time(group.createdAt),
  size: group.size,
  addressing: group.addressing,
  announce: group.announce,
  locked: group.locked,
  ephemeralSeconds: group.ephemeralSeconds,
  joinApproval: group.joinApproval,
  memberAdd: group.memberAdd,
  community: group.community ?? null,
});

export const groupJson = (group: Group): z.input<typeof ShownGroup> => ({
  ...groupSummaryJson(group),
  participants: group.participants.map(({ rank, ...member }) => ({ ...personJson(member), rank })),
});

/** WhatsApp's codes for why something was not done with a participant. */
const WORDS: Readonly<Record<number, string>> = {
  401: 'blocked_you',
  403: 'not_allowed',
  404: 'not_found',
  408: 'left_recently',
  409: 'already_there',
  417: 'lives_elsewhere',
  419: 'group_is_full',
};

export const outcomesJson = (outcomes: readonly MemberOutcome[]): z.input<typeof MemberOutcomes> => ({
  participants: outcomes.map(({ status, ...who }) => {
    const done = status === 200;
    return { ...personJson(who), done, status, ...(!done && { error: WORDS[status] ?? 'refused' }) };
  }),
});

export const requestJson = ({ at, ...who }: MemberRequest): z.input<typeof JoinRequests>['requests'][number] => ({
  ...personJson(who),
  at: time(at),
});
type MemberRequest = Parameters<typeof personJson>[0] & { at?: number | undefined };
