import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { proto } from '../../../session-runner/baileys.js';
import { describeContent } from '../../../session-runner/messages/describe-content.js';
import { pollWrites, withVote } from '../../../session-runner/messages/polls.js';
import { Spool, type SpoolEntry } from '../../../session-runner/messages/spool.js';
import type { Message } from '../../../shared/domain/message.js';
import type { SpoolRecord } from '../../../shared/ipc/protocol.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { Store } from '../../../shared/store/store.js';
import { sealVote } from '../../whatsapp/phone/poll-vote.js';
import { eventually } from '../../fixtures/eventually.js';
import { silent } from '../shared/logged.js';
import { rowsIn } from '../store/temp-store.js';
import { tempRunnerStore } from './runner-stores.js';

const OWN = { me: '15550000001@s.whatsapp.net', meLid: '99900000001@lid' };
const ANNA = '6281234567890@s.whatsapp.net';
const ANNA_LID = '123456789012345@lid';
const GROUP = '1-2@g.us';
const OPTIONS = ['rice', 'noodles', 'nothing'];

const pollOf = (secret: Uint8Array, options = OPTIONS): proto.IMessage => ({
  pollCreationMessage: { name: 'Lunch?', options: options.map((optionName) => ({ optionName })) },
  messageContextInfo: { messageSecret: secret },
});
const voteOf = (creator: string, voter: string, secret: Uint8Array, chosen: readonly string[], pollId = 'P1'): proto.IMessage => ({
  pollUpdateMessage: { pollCreationMessageKey: { id: pollId }, vote: sealVote({ pollId, creator, voter, secret }, chosen) },
});

const messageOf = (id: string, content: proto.IMessage, changes: Partial<Message> = {}): Message => ({
  ...{ id, chat: GROUP, from: ANNA, fromAlt: ANNA_LID, to: GROUP, fromMe: false, timestamp: 5, status: 'delivered' as const },
  ...(describeContent(content) ?? { type: 'text', content: null }),
  ...changes,
});
const own = { fromMe: true, from: OWN.me, fromAlt: undefined };

const receive = async (store: Store, message: Message, at = 1): Promise<void> => store.commit(pollWrites(store, 's', message, OWN, at));
const chosen = (store: Store, vote: Message): unknown => withVote(store, 's', vote, OWN).details;

it.each([
  ['one member on another’s poll, by numbers', {}, ANNA, own, OWN.me],
  ['one member on another’s poll, by LIDs', {}, ANNA_LID, own, OWN.meLid],
  ['our own device on our own poll', own, OWN.me, own, OWN.meLid],
  ['somebody else on our own poll', own, OWN.meLid, {}, ANNA_LID],
])('opens a vote of %s', async (_name, author, creator, voter, votes) => {
  const store = await tempRunnerStore();
  const secret = randomBytes(32);
  await receive(store, messageOf('P1', pollOf(secret), author));
  const vote = (options: readonly string[]) => messageOf('V1', voteOf(creator, votes, secret, options), voter);
  expect(chosen(store, vote(['nothing', 'rice']))).toEqual({ pollId: 'P1', options: ['rice', 'nothing'] });
  expect(chosen(store, vote([]))).toEqual({ pollId: 'P1', options: [] });
});

it('opens votes on a poll that was sent from here, also when its message is no longer kept', async () => {
  const store = await tempRunnerStore();
  const secret = randomBytes(32);
  const row = { message: proto.Message.encode(proto.Message.fromObject(pollOf(secret))).finish(), at: 1 };
  await store.commit([{ table: SLOT_TABLES.outgoing, key: ['s', 'P1'], value: row }]);
  const vote = messageOf('V1', voteOf(OWN.me, ANNA, secret, ['rice']));
  expect(chosen(store, vote)).toEqual({ pollId: 'P1', options: ['rice'] });
  await receive(store, vote);
  await store.commit([{ table: SLOT_TABLES.outgoing, key: ['s', 'P1'], value: undefined }]);
  expect(chosen(store, vote)).toEqual({ pollId: 'P1', options: ['rice'] });
});

it('finds a poll by either address of its chat', async () => {
  const store = await tempRunnerStore();
  const secret = randomBytes(32);
  await receive(store, messageOf('P1', pollOf(secret), { chat: ANNA_LID }));
  const vote = messageOf('V1', voteOf(ANNA, ANNA, secret, ['rice']), { chat: ANNA, chatAlt: ANNA_LID });
  expect(chosen(store, vote)).toMatchObject({ options: ['rice'] });
});

it('leaves a vote without options when the poll is unknown, in another chat, or the vote is not that voter’s', async () => {
  const store = await tempRunnerStore();
  const secret = randomBytes(32);
  await receive(store, messageOf('P1', pollOf(secret)));
  await receive(store, messageOf('P2', pollOf(secret), { chat: ANNA }));
  const votes = [
    messageOf('V1', voteOf(ANNA, ANNA, secret, ['rice'], 'P0')),
    messageOf('V2', voteOf(ANNA, ANNA, secret, ['rice'], 'P2')),
    messageOf('V3', voteOf(ANNA, '4915112345678@s.whatsapp.net', secret, ['rice'])),
    messageOf('V4', voteOf(ANNA, ANNA, randomBytes(32), ['rice'])),
    messageOf('V5', {
      pollUpdateMessage: { pollCreationMessageKey: { id: 'P1' }, vote: { encPayload: Buffer.alloc(3), encIv: Buffer.alloc(0) } },
    }),
    messageOf('V6', { pollUpdateMessage: { pollCreationMessageKey: { id: 'P1' } } }),
  ];
  for (const vote of votes) expect(withVote(store, 's', vote, OWN)).toEqual(vote);
});

it('keeps the first poll of an id, and nothing of other messages or of polls without a proper secret', async () => {
  const store = await tempRunnerStore();
  const secret = randomBytes(32);
  await receive(store, messageOf('P1', pollOf(secret)));
  await receive(store, messageOf('P1', pollOf(randomBytes(32)), { from: OWN.me }));
  await receive(store, messageOf('A1', { conversation: 'x' }));
  await receive(store, messageOf('P2', pollOf(randomBytes(5))));
  expect(rowsIn(store, SLOT_TABLES.polls)).toHaveLength(1);
  expect(chosen(store, messageOf('V1', voteOf(ANNA, ANNA, secret, ['rice'])))).toMatchObject({ options: ['rice'] });
});

it('remembers the newest 200 polls of a session', async () => {
  const store = await tempRunnerStore();
  for (let n = 0; n < 205; n++) await receive(store, messageOf(`P${n}`, pollOf(randomBytes(32))), n);
  const kept = rowsIn(store, SLOT_TABLES.polls).map(([key]) => String(key[1]));
  expect(kept).toHaveLength(200);
  expect(kept).not.toContain('P4');
  expect(kept).toContain('P5');
});

it('opens a vote that is shipped together with its poll', async () => {
  const store = await tempRunnerStore();
  const secret = randomBytes(32);
  const shipped: SpoolRecord[] = [];
  const spool = new Spool({ store, log: silent, ship: async (records) => Promise.resolve(void shipped.push(...records)) });
  const entry = (id: string, content: proto.IMessage): SpoolEntry => ({
    kind: 'inbox',
    sessionId: 's',
    entry: {
      ...{ key: [id, GROUP, ANNA, 0, id], hash: Buffer.from(id), attrs: { id, from: GROUP, participant: ANNA, t: '5' }, ...OWN },
      plaintext: Buffer.concat([proto.Message.encode(proto.Message.fromObject(content)).finish(), Buffer.from([1])]),
    },
  });
  const rows = [entry('P1', pollOf(secret)), entry('V1', voteOf(ANNA, ANNA, secret, ['rice']))].map((one) => spool.prepare(one));
  await store.commit(rows.map(({ write }) => write));
  spool.start();
  try {
    await eventually(() => shipped.length === 2, 'both were shipped');
    expect(shipped[1]).toMatchObject({ message: { type: 'pollVote', details: { pollId: 'P1', options: ['rice'] } } });
    expect(rowsIn(store, SLOT_TABLES.polls)).toHaveLength(1);
  } finally {
    await spool.stop();
  }
});
