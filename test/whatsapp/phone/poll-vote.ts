import { createCipheriv, createHash, randomBytes } from 'node:crypto';
import { decryptPollVote, hmacSign, proto } from '@whiskeysockets/baileys';

/** Which vote on which poll, in the words its key is made of. */
export interface Ballot {
  readonly pollId: string;
  /** Address of the poll's author. */
  readonly creator: string;
  /** Address of who votes. */
  readonly voter: string;
  /** The secret that the poll carried. */
  readonly secret: Uint8Array;
}

const IV_BYTES = 12;

const digestOf = (option: string): Buffer => createHash('sha256').update(option).digest();

/** Encrypts a vote for these options, as only those who have the poll can read it. */
export function sealVote({ pollId, creator, voter, secret }: Ballot, options: readonly string[]): proto.Message.IPollEncValue {
  const words = Buffer.concat([Buffer.from(`${pollId}${creator}${voter}Poll Vote`), Buffer.from([1])]);
  const key = hmacSign(words, hmacSign(secret, new Uint8Array(32)));
  const iv = randomBytes(IV_BYTES);
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(`${pollId}\0${voter}`));
  const vote = proto.Message.PollVoteMessage.encode({ selectedOptions: options.map(digestOf) }).finish();
  return { encPayload: Buffer.concat([cipher.update(vote), cipher.final(), cipher.getAuthTag()]), encIv: iv };
}

/** The options that a vote names, of those the poll has. Throws when it was not made by that voter for that poll. */
export function openVote(
  { pollId, creator, voter, secret }: Ballot,
  vote: proto.Message.IPollEncValue,
  options: readonly string[],
): string[] {
  const keys = { pollCreatorJid: creator, pollMsgId: pollId, pollEncKey: secret, voterJid: voter };
  const { selectedOptions } = decryptPollVote(vote, keys);
  return options.filter((option) => selectedOptions.some((chosen) => digestOf(option).equals(chosen)));
}
