import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';

type Row = Record<string, unknown>;
type Body = Record<string, unknown> & { type: string };

interface Case {
  name: string;
  /** Whose message it is about, if it is about one. */
  about?: 'ours' | 'theirs';
  body: (id: string) => Body;
  /** What the recipient's phone shows. */
  phone: (id: string) => Row;
  /** What both histories say. */
  row: (id: string) => Row;
}

let scene: Scene;
let alice: PairedSession;
let bob: PairedSession;
let friend: string;
let group: string;
beforeAll(async () => {
  scene = await openScene();
  [alice, bob] = [await pair(scene, 'alice'), await pair(scene, 'bob')];
  friend = (await scene.phones.createPhone({ name: 'Friend' })).number;
  group = (await scene.phones.groups.create(friend, 'Lunch', [alice.number, bob.number])).jid;
});
afterAll(async () => {
  await scene.close();
});

const FORMATTED = '*bold* _slanted_\n> said https://example.com';
const CASES: readonly Case[] = [
  {
    name: 'a formatted text with a mention',
    body: () => ({ type: 'text', message: `${FORMATTED} @${friend}`, mentions: [friend] }),
    phone: () => ({ text: `${FORMATTED} @${friend}`, content: 'extendedTextMessage', details: { mentions: [friend] } }),
    row: () => ({ type: 'text', content: `${FORMATTED} @${friend}`, mentions: [`${friend}@s.whatsapp.net`] }),
  },
  {
    name: 'an answer',
    about: 'theirs',
    body: (id) => ({ type: 'text', message: 'yes', quoted: id }),
    phone: (id) => ({ text: 'yes', details: { quoted: { id, sender: bob.number, content: 'conversation' } } }),
    row: (id) => ({ type: 'text', content: 'yes', quoted: { messageId: id, type: 'text', content: 'theirs' } }),
  },
  {
    name: 'a place',
    body: () => ({ type: 'location', latitude: -6.1754, longitude: 106.8272, name: 'Monas', address: 'Jakarta' }),
    phone: () => ({ details: { location: { latitude: -6.1754, longitude: 106.8272, name: 'Monas', address: 'Jakarta', live: false } } }),
    row: () => ({ type: 'location', details: { latitude: -6.1754, longitude: 106.8272, name: 'Monas', address: 'Jakarta', live: false } }),
  },
  {
    name: 'contacts',
    body: () => ({
      type: 'contacts',
      contacts: [
        { name: 'Anna; Co, Ltd', phones: ['+6281234567890'], organization: 'Anna', email: 'a@example.com' },
        { name: 'Bert', phones: ['15550000002'] },
      ],
    }),
    phone: () => ({
      details: {
        contacts: [{ name: 'Anna; Co, Ltd', vcard: expect.stringContaining('FN:Anna\\; Co\\, Ltd') as string }, { name: 'Bert' }],
      },
    }),
    row: () => ({ type: 'contacts', details: { contacts: [{ phones: ['+6281234567890'] }, { phones: ['+15550000002'] }] } }),
  },
  {
    name: 'a poll',
    body: () => ({ type: 'poll', question: 'Lunch?', options: ['rice', 'noodles'] }),
    phone: () => ({ details: { poll: { name: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 } } }),
    row: () => ({ type: 'poll', content: 'Lunch?', details: { question: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 } }),
  },
  {
    name: 'a reaction',
    about: 'theirs',
    body: (id) => ({ type: 'reaction', messageId: id, emoji: '👍🏽' }),
    phone: (id) => ({ text: '👍🏽', content: 'reactionMessage', details: { target: id } }),
    row: (id) => ({ type: 'reaction', content: '👍🏽', details: { messageId: id, emoji: '👍🏽' } }),
  },
  {
    name: 'a reaction taken back',
    about: 'ours',
    body: (id) => ({ type: 'reaction', messageId: id, emoji: '' }),
    phone: (id) => ({ content: 'reactionMessage', details: { target: id } }),
    row: (id) => ({ type: 'reaction', content: null, details: { messageId: id, emoji: '' } }),
  },
  {
    name: 'an edit',
    about: 'ours',
    body: (id) => ({ type: 'edit', messageId: id, message: 'hello' }),
    phone: (id) => ({ text: 'hello', content: 'edit', details: { target: id } }),
    row: (id) => ({ type: 'edit', content: 'hello', details: { messageId: id } }),
  },
  {
    name: 'a deletion',
    about: 'ours',
    body: (id) => ({ type: 'delete', messageId: id }),
    phone: (id) => ({ content: 'delete', details: { target: id } }),
    row: (id) => ({ type: 'revoke', content: null, details: { messageId: id } }),
  },
  {
    name: 'a pin',
    about: 'theirs',
    body: (id) => ({ type: 'pin', messageId: id, seconds: 86_400 }),
    phone: (id) => ({ content: 'pinInChatMessage', details: { target: id } }),
    row: (id) => ({ type: 'pin', details: { messageId: id, pinned: true } }),
  },
  {
    name: 'an unpin',
    about: 'ours',
    body: (id) => ({ type: 'unpin', messageId: id }),
    phone: (id) => ({ content: 'pinInChatMessage', details: { target: id } }),
    row: (id) => ({ type: 'pin', details: { messageId: id, pinned: false } }),
  },
  {
    name: 'a forwarded text',
    about: 'theirs',
    body: (id) => ({ type: 'forward', messageId: id }),
    phone: () => ({ text: 'theirs', details: { forwarded: 1 } }),
    row: () => ({ type: 'text', content: 'theirs', forwarded: 1 }),
  },
];

const send = async (to: string, body: Body): Promise<string> =>
  String((await scene.worker.call('POST', '/session/alice/send', { to, ...body }))['messageId']);

const rowOf = async (sessionId: string, id: string): Promise<Row> => {
  let row: Row | undefined;
  await until(
    async () => {
      row = (await scene.worker.messages(sessionId)).find((one) => one['id'] === id && one['type'] !== 'undecryptable');
      return row !== undefined;
    },
    60_000,
    () => `message ${id} did not come to ${sessionId}`,
  );
  return row ?? {};
};

/** What they say; whose they are, and when, differs. */
const saidIn = ({ type, content, details, mentions, forwarded }: Row): Row => ({ type, content, details, mentions, forwarded });

const CHATS = [
  { chat: 'a person', to: () => bob.jid, from: () => alice.number, reader: () => bob.number },
  { chat: 'a group', to: () => group, from: () => group, reader: () => friend },
] as const;

describe.each(CHATS)('to $chat', ({ to, from, reader }) => {
  const first = async (about: Case['about']): Promise<string> => {
    if (about === undefined) return '';
    if (about === 'ours') return send(to(), { type: 'text', message: 'helo' });
    const id = await scene.phones.sendMessage(bob.number, { to: from(), text: 'theirs' });
    await rowOf('alice', id);
    return id;
  };

  test.each(CASES)('$name reaches phone and session as it is in history', async ({ about, body, phone, row }) => {
    const target = await first(about);
    const id = await send(to(), body(target));
    expect(await scene.phones.waitForShown(reader(), id)).toMatchObject(phone(target));
    const [sent, received] = [await rowOf('alice', id), await rowOf('bob', id)];
    expect(sent).toMatchObject({ ...row(target), fromMe: true, chat: to() });
    expect(received).toMatchObject({ ...row(target), fromMe: false });
    expect(saidIn(sent)).toEqual(saidIn(received));
  });

  test('an edit and a deletion show in what they are about', async () => {
    const [edited, deleted] = [await first('ours'), await first('ours')];
    await send(to(), { type: 'edit', messageId: edited, message: 'hello' });
    await send(to(), { type: 'delete', messageId: deleted });
    expect(await rowOf('alice', edited)).toMatchObject({ type: 'text', content: 'hello', editedAt: expect.stringMatching(/Z$/) as string });
    expect(await rowOf('alice', deleted)).toMatchObject({ type: 'text', content: null, revokedAt: expect.stringMatching(/Z$/) as string });
  });
});

test('a file is forwarded as it came, and its recipient can open it', async () => {
  const { phones } = scene;
  const file = Buffer.from('a file that was sent once');
  const id = await phones.sendMessage(friend, {
    to: alice.number,
    media: { type: 'image', bytes: file.toString('base64'), caption: 'look' },
  });
  await rowOf('alice', id);
  const forwarded = await send(bob.jid, { type: 'forward', messageId: id });
  expect(await phones.waitForShown(bob.number, forwarded)).toMatchObject({
    text: 'look',
    details: { media: { type: 'image', size: file.length }, forwarded: 1 },
  });
  const [sent, received] = [await rowOf('alice', forwarded), await rowOf('bob', forwarded)];
  expect(saidIn(sent)).toEqual(saidIn(received));
});

test('a poll of ours is voted on, and forwarded as another poll', async () => {
  const { phones } = scene;
  const poll = await send(bob.jid, { type: 'poll', question: 'Who?', options: ['you', 'me'] });
  await phones.waitForShown(bob.number, poll);
  const vote = await phones.sendMessage(bob.number, { to: alice.number, vote: { poll, options: ['me'] } });
  expect(await rowOf('alice', vote)).toMatchObject({ type: 'pollVote', details: { pollId: poll, options: ['me'] } });
  const again = await send(group, { type: 'forward', messageId: poll });
  await phones.waitForShown(friend, again);
  const other = await phones.sendMessage(friend, { to: group, vote: { poll: again, options: ['you'] } });
  expect(await rowOf('alice', other)).toMatchObject({ type: 'pollVote', details: { pollId: again, options: ['you'] } });
});

test.each([
  ['what is not there', 404, 'MESSAGE_NOT_FOUND', () => ({ type: 'reaction', messageId: '3EB0NOWHERE', emoji: '👍' })],
  ['an edit of somebody else’s message', 422, 'NOT_YOUR_MESSAGE', (id: string) => ({ type: 'edit', messageId: id, message: 'mine now' })],
  ['a deletion of somebody else’s message', 422, 'NOT_YOUR_MESSAGE', (id: string) => ({ type: 'delete', messageId: id })],
] as const)('refuses %s', async (_name, status, code, body) => {
  const id = await scene.phones.sendMessage(bob.number, { to: alice.number, text: 'mine' });
  await rowOf('alice', id);
  const answer = await scene.worker.request('POST', '/session/alice/send', { to: bob.jid, ...body(id) });
  expect(answer).toMatchObject({ status, body: { code } });
});

test.each([
  ['a person', () => friend],
  ['a group', () => group],
])('shows that it types and records to %s, and has stopped', async (_name, to) => {
  for (const [state, seen] of [
    ['typing', 'composing'],
    ['recording', 'recording'],
    ['paused', 'paused'],
  ] as const) {
    await scene.worker.call('POST', '/session/alice/typing', { to: to(), state });
    await scene.phones.waitForActivity(
      friend,
      ({ id, chat, state: now }) => id === alice.number && now === seen && (chat === group) === (to() === group),
    );
  }
});

test.each([
  ['a person', () => alice.number, () => `${friend}@s.whatsapp.net`],
  ['a group', () => group, () => group],
])('marks as read what is unread of %s, once, and the sender sees it', async (_name, to, chat) => {
  const { phones, worker } = scene;
  const ids = [await phones.sendMessage(friend, { to: to(), text: 'one' }), await phones.sendMessage(friend, { to: to(), text: 'two' })];
  for (const id of ids) await rowOf('alice', id);
  const [first = '', second = ''] = ids;
  expect(await worker.call('POST', '/session/alice/read', { to: chat(), messageIds: [first] })).toEqual({ messageIds: [first] });
  expect(await worker.call('POST', '/session/alice/read', { to: chat() })).toEqual({ messageIds: [second] });
  expect(await worker.call('POST', '/session/alice/read', { to: chat() })).toEqual({ messageIds: [] });
  for (const id of ids) {
    await phones.waitForReceipt(friend, (receipt) => receipt.id === id && receipt.type === 'read' && receipt.from === alice.number);
    expect(await rowOf('alice', id)).toMatchObject({ status: 'read' });
  }
});

test('stars a message and deletes one for itself, as the phone of the account sees', async () => {
  const { phones, worker } = scene;
  const id = await send(bob.jid, { type: 'text', message: 'to remember' });
  const settingOf = async (name: string): Promise<unknown> =>
    (await phones.settings(alice.number)).find(({ index }) => index[0] === name && index[2] === id)?.action;
  for (const starred of [true, false]) {
    expect(await worker.call('POST', '/session/alice/star', { to: bob.jid, messageId: id, starred })).toEqual({ messageId: id, starred });
    expect(await settingOf('star')).toMatchObject({ starAction: { starred } });
  }
  expect(await worker.call('POST', '/session/alice/delete-for-me', { to: bob.jid, messageId: id })).toEqual({ messageId: id });
  expect(await settingOf('deleteMessageForMe')).toMatchObject({ deleteMessageForMeAction: { deleteMedia: false } });
});
