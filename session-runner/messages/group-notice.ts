// What a notice in a group says, from the parameters in which Baileys hands it on.
import { proto } from '../baileys.js';
import { personOf } from '../queries/people.js';
import { atMost, jidOf, shortText } from './bounded.js';
import { said } from './described.js';

const { StubType } = proto.WebMessageInfo;
const MOST_PARTICIPANTS = 1_024;
const LONGEST_DESCRIPTION = 2_048;
const LONGEST_ID = 200;

type Parameters = readonly unknown[];
interface Notice {
  content: string | null;
  details?: Record<string, unknown>;
}

const bare = (details: Record<string, unknown>): Notice => ({ content: null, details: said(details) });
const text = (name: string, value: unknown, most?: number): Notice => {
  const content = shortText(value, most);
  return { content: content ?? null, details: said({ [name]: content }) };
};
const isOn = (value: unknown): boolean => value === 'on' || value === 'true';

const participants = (given: Parameters): Notice => bare({ participants: atMost(given, MOST_PARTICIPANTS).flatMap(participantOf) });

/** One participant is JSON, of which nothing is certain. */
const participantOf = (given: unknown): { jid: string; lid?: string | undefined }[] => {
  const parts = objectIn(given);
  const [jid, other] = [parts?.['id'] ?? parts?.['lid'], parts?.['phoneNumber'] ?? parts?.['pn'] ?? parts?.['lid']].map(jidOf);
  return jid === undefined ? [] : [personOf(jid, other)];
};

const objectIn = (given: unknown): Record<string, unknown> | undefined => {
  if (typeof given !== 'string') return undefined;
  try {
    const value: unknown = JSON.parse(given);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    // A change of number has bare addresses.
    return { id: given };
  }
};

const NOTICES: Readonly<Partial<Record<number, (given: Parameters) => Notice>>> = {
  [StubType.GROUP_CREATE]: ([subject]) => text('subject', subject),
  [StubType.GROUP_CHANGE_SUBJECT]: ([subject]) => text('subject', subject),
  [StubType.GROUP_CHANGE_DESCRIPTION]: ([description]) => text('description', description, LONGEST_DESCRIPTION),
  [StubType.GROUP_CHANGE_ICON]: ([id]) => bare({ pictureId: shortText(id, LONGEST_ID) }),
  [StubType.GROUP_CHANGE_ANNOUNCE]: ([value]) => bare({ announce: isOn(value) }),
  [StubType.GROUP_CHANGE_RESTRICT]: ([value]) => bare({ locked: isOn(value) }),
  [StubType.GROUP_MEMBER_ADD_MODE]: ([value]) => bare({ memberAdd: value === 'all_member_add' ? 'all' : 'admins' }),
  [StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_MODE]: ([value]) => bare({ joinApproval: isOn(value) }),
  [StubType.GROUP_MEMBERSHIP_JOIN_APPROVAL_REQUEST_NON_ADMIN_ADD]: ([who, what]) =>
    bare({ participants: participantOf(who), request: shortText(what, LONGEST_ID) }),
  [StubType.GROUP_PARTICIPANT_ADD]: participants,
  [StubType.GROUP_PARTICIPANT_REMOVE]: participants,
  [StubType.GROUP_PARTICIPANT_LEAVE]: participants,
  [StubType.GROUP_PARTICIPANT_PROMOTE]: participants,
  [StubType.GROUP_PARTICIPANT_DEMOTE]: participants,
  [StubType.GROUP_PARTICIPANT_CHANGE_NUMBER]: participants,
};

/** Content and details of a notice; nothing of one that is not about a group. */
export const describeNotice = (stub: number, parameters: Parameters | null | undefined): Notice =>
  NOTICES[stub]?.(parameters ?? []) ?? { content: null };
