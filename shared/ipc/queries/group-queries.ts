import { z } from 'zod';
import { Person, PersonJid } from './person.js';
import type { QuerySchema } from './query-schema.js';

export const LONGEST_SUBJECT = 100;
export const LONGEST_DESCRIPTION = 2_048;
export const MEMBERS_AT_ONCE = 256;

export const MEMBER_ACTIONS = ['add', 'remove', 'promote', 'demote'] as const;

const Nothing = z.object({});
const GroupJid = z.string().regex(/^[\d-]{5,40}@g\.us$/);
const group = { group: GroupJid };
const people = z.array(PersonJid).min(1).max(MEMBERS_AT_ONCE);

const Member = Person.extend({ rank: z.enum(['member', 'admin', 'superadmin']) });

/** Times are Unix milliseconds. */
const GroupSummary = z.object({
  jid: z.string(),
  subject: z.string(),
  subjectSetAt: z.number().int().optional(),
  subjectSetBy: Person.optional(),
  description: z.string().optional(),
  owner: Person.optional(),
  createdAt: z.number().int().optional(),
  size: z.number().int(),
  addressing: z.enum(['lid', 'pn']),
  /** Only admins write. */
  announce: z.boolean(),
  /** Only admins change subject, description, picture and how long messages stay. */
  locked: z.boolean(),
  /** How long messages stay; 0: for ever. */
  ephemeralSeconds: z.number().int(),
  /** Admins decide who comes in by the link. */
  joinApproval: z.boolean(),
  memberAdd: z.enum(['admins', 'all']),
  /** The community that it belongs to. */
  community: z.string().optional(),
});
export type GroupSummary = z.infer<typeof GroupSummary>;
const Group = GroupSummary.extend({ participants: z.array(Member) });
export type Group = z.infer<typeof Group>;

/** What became of one participant: `status` is 200, or WhatsApp's code for why not. */
const MemberOutcome = Person.extend({ status: z.number().int() });
export type MemberOutcome = z.infer<typeof MemberOutcome>;

/** One thing to set; see `GroupSummary`. An empty description removes it. */
const GroupChange = z.discriminatedUnion('what', [
  z.object({ what: z.literal('subject'), to: z.string().min(1).max(LONGEST_SUBJECT) }),
  z.object({ what: z.literal('description'), to: z.string().max(LONGEST_DESCRIPTION) }),
  z.object({ what: z.literal('announce'), to: z.boolean() }),
  z.object({ what: z.literal('locked'), to: z.boolean() }),
  z.object({ what: z.literal('ephemeralSeconds'), to: z.number().int().nonnegative() }),
  z.object({ what: z.literal('joinApproval'), to: z.boolean() }),
  z.object({ what: z.literal('memberAdd'), to: z.enum(['admins', 'all']) }),
]);
export type GroupChange = z.infer<typeof GroupChange>;

export const GROUP_QUERIES = {
  /** Every group the account is in, without its members. */
  'groups.list': { params: Nothing, result: z.object({ groups: z.array(GroupSummary) }), deadlineMs: 20_000 },
  'groups.get': { params: z.object(group), result: z.object({ group: Group }), deadlineMs: 10_000 },
  'groups.create': {
    params: z.object({ subject: z.string().min(1).max(LONGEST_SUBJECT), participants: people }),
    result: z.object({ group: Group }),
    deadlineMs: 20_000,
    once: true,
  },
  'groups.members': {
    params: z.object({ ...group, action: z.enum(MEMBER_ACTIONS), participants: people }),
    result: z.object({ participants: z.array(MemberOutcome) }),
    deadlineMs: 20_000,
  },
  'groups.change': { params: z.object({ ...group, change: GroupChange }), result: Nothing, deadlineMs: 15_000 },
  'groups.invite': { params: z.object(group), result: z.object({ code: z.string() }), deadlineMs: 10_000 },
  'groups.revokeInvite': { params: z.object(group), result: z.object({ code: z.string() }), deadlineMs: 10_000 },
  'groups.byInvite': { params: z.object({ code: z.string() }), result: z.object({ group: GroupSummary }), deadlineMs: 10_000 },
  /** Without a group admins have to let it in. */
  'groups.join': { params: z.object({ code: z.string() }), result: z.object({ group: z.string().optional() }), deadlineMs: 15_000 },
  'groups.leave': { params: z.object(group), result: Nothing, deadlineMs: 15_000 },
  /** Who waits to be let in; `at` is Unix milliseconds. */
  'groups.requests': {
    params: z.object(group),
    result: z.object({ requests: z.array(Person.extend({ at: z.number().int().optional() })) }),
    deadlineMs: 10_000,
  },
  'groups.decide': {
    params: z.object({ ...group, approve: z.boolean(), participants: people }),
    result: z.object({ participants: z.array(MemberOutcome) }),
    deadlineMs: 15_000,
  },
} as const satisfies Record<string, QuerySchema>;
