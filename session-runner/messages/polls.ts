// Votes are encrypted with a secret that only the poll itself brought: it is remembered, so that they can be read.
import { createHash } from 'node:crypto';
import { keyPart } from '../../shared/domain/ids.js';
import type { Message } from '../../shared/domain/message.js';
import { SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import { decryptPollVote, proto } from '../baileys.js';
import { describeContent } from './describe-content.js';
import { unwrapContent } from './unwrap-content.js';

/** What opens the votes on a poll. */
interface PollRow {
  secret: Uint8Array;
  options: string[];
  /** Jids its author may be known by to those who vote. */
  creators: string[];
  /** Unix milliseconds. */
  at: number;
}

/** Our own jids, without device; `meLid` may be empty. */
export interface OwnJids {
  me: string;
  meLid: string;
}

/** Whose message it is, and where. */
type Placed = Pick<Message, 'id' | 'chat' | 'chatAlt' | 'from' | 'fromAlt' | 'fromMe'>;
type Readable = Pick<Store, 'get' | 'range'>;

/** Of one session; the oldest go first. */
const MOST_POLLS = 200;
const SECRET_BYTES = 32;

/** Remembers what opens the votes on a received poll, or on one sent from here that is voted on; nothing when it is known already. */
export const pollWrites = (store: Readable, sessionId: string, message: Message, own: OwnJids, now: number): Write[] => {
  const pollId = message.type === 'poll' ? message.id : votedPoll(message);
  if (pollId === undefined) return [];
  const key = keyOf(sessionId, pollId, message.chat);
  // Who takes the id of somebody else's poll does not get at its votes.
  if (store.get(SLOT_TABLES.polls, key)) return [];
  const row = message.type === 'poll' ? rowOf(message, rawOf(message), own, now) : sentPoll(store, sessionId, pollId, message, own, now);
  return row ? [{ table: SLOT_TABLES.polls, key, value: row }, ...surplus(store, sessionId)] : [];
};

/** A vote with the options it names, when its poll is known here and it can be opened; any other message as it is. */
export const withVote = (store: Readable, sessionId: string, message: Message, own: OwnJids): Message => {
  const pollId = votedPoll(message);
  if (pollId === undefined) return message;
  const poll = receivedPoll(store, sessionId, pollId, message) ?? sentPoll(store, sessionId, pollId, message, own, 0);
  const vote = poll && rawOf(message).pollUpdateMessage?.vote;
  const options = vote && openVote(poll, pollId, vote, authorsOf(message, own));
  return options ? { ...message, details: { ...message.details, options } } : message;
};

const votedPoll = ({ type, details }: Message): string | undefined => {
  const pollId = type === 'pollVote' ? details?.['pollId'] : undefined;
  return typeof pollId === 'string' ? pollId : undefined;
};

const rawOf = ({ raw }: Message): proto.Message => proto.Message.decode(Buffer.from(raw ?? '', 'base64'));

const keyOf = (sessionId: string, pollId: string, chat: string): Key => [sessionId, keyPart(pollId), keyPart(chat)];

const rowOf = (placed: Placed, message: proto.IMessage, own: OwnJids, at: number): PollRow | undefined => {
  const secret = unwrapContent(message).content.messageContextInfo?.messageSecret;
  const options = describeContent(message)?.details?.['options'];
  if (secret?.length !== SECRET_BYTES || !Array.isArray(options)) return undefined;
  return { secret, options: options.map(String), creators: authorsOf(placed, own), at };
};

/** Rows that one more leaves no room for. */
const surplus = (store: Readable, sessionId: string): Write[] =>
  [...store.range<PollRow>(SLOT_TABLES.polls, { prefix: [sessionId] })]
    .sort((a, b) => b.value.at - a.value.at)
    .slice(MOST_POLLS - 1)
    .map(({ key }) => ({ table: SLOT_TABLES.polls, key, value: undefined }));

const receivedPoll = (store: Readable, sessionId: string, pollId: string, { chat, chatAlt }: Placed): PollRow | undefined =>
  [chat, chatAlt]
    .map((name) => (name === undefined ? undefined : store.get<PollRow>(SLOT_TABLES.polls, keyOf(sessionId, pollId, name))))
    .find((row) => row !== undefined);

/** One sent from here is among the messages that are kept a day long for recipients who ask again. */
const sentPoll = (store: Readable, sessionId: string, pollId: string, vote: Placed, own: OwnJids, now: number): PollRow | undefined => {
  const row = store.get<{ message: Uint8Array }>(SLOT_TABLES.outgoing, [sessionId, pollId]);
  return row && rowOf({ ...vote, fromMe: true }, proto.Message.decode(row.message), own, now);
};

/** Clients do not agree on which of a person's two addresses they encrypt with. */
const authorsOf = ({ fromMe, from, fromAlt }: Placed, { me, meLid }: OwnJids): string[] =>
  [...new Set(fromMe ? [me, meLid] : [from, fromAlt])].flatMap((jid) => jid || []);

const openVote = (poll: PollRow, pollId: string, vote: proto.Message.IPollEncValue, voters: readonly string[]): string[] | undefined => {
  for (const pollCreatorJid of poll.creators) {
    for (const voterJid of voters) {
      const chosen = decrypted(vote, { pollCreatorJid, pollMsgId: pollId, pollEncKey: poll.secret, voterJid });
      if (chosen) return poll.options.filter((option) => chosen.some((digest) => digestOf(option).equals(digest)));
    }
  }
  return undefined;
};

/** Undefined when these are not the addresses it was encrypted with; the authentication code tells. */
const decrypted = (vote: proto.Message.IPollEncValue, context: Parameters<typeof decryptPollVote>[1]): Uint8Array[] | undefined => {
  try {
    return decryptPollVote(vote, context).selectedOptions;
  } catch {
    return undefined;
  }
};

const digestOf = (option: string): Buffer => createHash('sha256').update(option).digest();
