import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until } from '../support/worker-process.js';
import type { SendInput } from '../whatsapp/phone/send-order.js';

type Row = Record<string, unknown>;
type Order = Omit<SendInput, 'to'>;

const FILE = Buffer.from('a file of which only the description is kept');
const file = { bytes: FILE.toString('base64') };
const described = { bytes: FILE.length, sha256: createHash('sha256').update(FILE).digest('hex') };
const VCARD = 'BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nTEL;type=CELL;waid=6281234567890:+62 812-3456-7890\nEND:VCARD';

const CONTENTS: readonly (readonly [name: string, order: Order, expected: Row])[] = [
  ['text', { text: 'hello' }, { type: 'text', content: 'hello' }],
  [
    'image',
    { media: { type: 'image', ...file, mimetype: 'image/png', caption: 'look' } },
    { type: 'image', content: 'look', details: { ...described, mimetype: 'image/png', width: 64, height: 64, viewOnce: false } },
  ],
  [
    'view-once image',
    { media: { type: 'image', ...file, viewOnce: true } },
    { type: 'image', content: null, details: { ...described, mimetype: 'image/jpeg', width: 64, height: 64, viewOnce: true } },
  ],
  [
    'video',
    { media: { type: 'video', ...file, seconds: 9 } },
    {
      type: 'video',
      content: null,
      details: { ...described, mimetype: 'video/mp4', seconds: 9, animated: false, note: false, viewOnce: false },
    },
  ],
  ['gif', { media: { type: 'gif', ...file } }, { type: 'video', details: { ...described, animated: true } }],
  [
    'audio',
    { media: { type: 'audio', ...file, seconds: 61 } },
    { type: 'audio', content: null, details: { ...described, mimetype: 'audio/mpeg', seconds: 61, voice: false, viewOnce: false } },
  ],
  ['voice note', { media: { type: 'voice', ...file, seconds: 3 } }, { type: 'audio', details: { ...described, seconds: 3, voice: true } }],
  [
    'document',
    { media: { type: 'document', ...file, fileName: 'invoice.pdf', mimetype: 'application/pdf', caption: 'May' } },
    { type: 'document', content: 'May', details: { ...described, mimetype: 'application/pdf', fileName: 'invoice.pdf' } },
  ],
  [
    'sticker',
    { media: { type: 'sticker', ...file } },
    { type: 'sticker', content: null, details: { ...described, mimetype: 'image/webp', width: 512, height: 512, animated: false } },
  ],
  [
    'place',
    { location: { latitude: -6.2, longitude: 106.8, name: 'Monas', address: 'Jakarta' } },
    { type: 'location', content: null, details: { latitude: -6.2, longitude: 106.8, name: 'Monas', address: 'Jakarta', live: false } },
  ],
  [
    'live place',
    { liveLocation: { latitude: 1, longitude: 2, caption: 'on my way', sequence: 7, speed: 1.5 } },
    { type: 'location', content: 'on my way', details: { latitude: 1, longitude: 2, speed: 1.5, live: true, sequence: 7 } },
  ],
  [
    'contact',
    { contacts: [{ name: 'Anna', vcard: VCARD }] },
    { type: 'contacts', content: null, details: { contacts: [{ name: 'Anna', vcard: VCARD, phones: ['+6281234567890'] }] } },
  ],
  [
    'contacts',
    {
      contacts: [
        { name: 'Anna', vcard: VCARD },
        { name: 'Bert', vcard: 'BEGIN:VCARD\nEND:VCARD' },
      ],
    },
    { type: 'contacts', details: { contacts: [{ name: 'Anna' }, { name: 'Bert', phones: [] }] } },
  ],
  [
    'poll',
    { poll: { name: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 } },
    { type: 'poll', content: 'Lunch?', details: { question: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 } },
  ],
];

/** About the message before it, whose content is named first. */
const ABOUT_ANOTHER: readonly (readonly [name: string, first: Order, then: (id: string) => Order, expected: (id: string) => Row])[] = [
  [
    'answer, with a mention and forwarded',
    { text: 'shall we?' },
    (id) => ({ text: 'yes, @1', quote: id, mentions: ['6281200000001'], forwarded: 3 }),
    (id) => ({
      type: 'text',
      content: 'yes, @1',
      quoted: { messageId: id, from: expect.any(String) as string, type: 'text', content: 'shall we?' },
      mentions: [expect.stringMatching(/^\d+@(s\.whatsapp\.net|lid)$/)],
      forwarded: 3,
    }),
  ],
  [
    'vote',
    { poll: { name: 'When?', options: ['now', 'later', 'never'] } },
    (id) => ({ vote: { poll: id, options: ['later', 'now'] } }),
    (id) => ({ type: 'pollVote', content: null, details: { pollId: id, options: ['now', 'later'] } }),
  ],
  [
    'reaction',
    { text: 'good news' },
    (id) => ({ react: { to: id, emoji: '🎉' } }),
    (id) => ({ type: 'reaction', content: '🎉', details: { messageId: id, emoji: '🎉' } }),
  ],
  [
    'reaction taken back',
    { text: 'no news' },
    (id) => ({ react: { to: id, emoji: '' } }),
    (id) => ({ type: 'reaction', content: null, details: { messageId: id, emoji: '' } }),
  ],
  [
    'edit',
    { text: 'helo' },
    (id) => ({ edit: { id, text: 'hello' } }),
    (id) => ({ type: 'edit', content: 'hello', details: { messageId: id } }),
  ],
  ['deletion', { text: 'oh no' }, (id) => ({ delete: id }), (id) => ({ type: 'revoke', content: null, details: { messageId: id } })],
];

let scene: Scene;
let session: PairedSession;
let friend: string;
let group: string;
beforeAll(async () => {
  scene = await openScene();
  session = await pair(scene, 'receiver');
  friend = (await scene.phones.createPhone({ name: 'Friend' })).number;
  group = (await scene.phones.groups.create(friend, 'Lunch', [session.number])).jid;
});
afterAll(async () => {
  await scene.close();
});

const rowsOf = async (ids: readonly string[]): Promise<Row[]> => {
  let found: Row[] = [];
  await until(
    async () => {
      const rows = await scene.worker.messages('receiver');
      found = ids.flatMap((id) => rows.filter((row) => row['id'] === id));
      return found.length === ids.length;
    },
    60_000,
    () => `of ${ids.length} messages ${found.length} came`,
  );
  return found;
};

const personOf = (number: string): string => `${number}@s.whatsapp.net`;
const SENDERS = [
  { name: 'a friend’s phone', from: () => friend, to: () => session.number, chat: () => personOf(friend), fromMe: false },
  { name: 'the own phone', from: () => session.number, to: () => friend, chat: () => personOf(friend), fromMe: true },
  { name: 'a member of a group', from: () => friend, to: () => group, chat: () => group, fromMe: false },
  { name: 'the own phone in a group', from: () => session.number, to: () => group, chat: () => group, fromMe: true },
] as const;

describe.each(SENDERS)('what $name sends', ({ from, to, chat, fromMe }) => {
  const send = async (order: Order): Promise<string> => scene.phones.sendMessage(from(), { to: to(), ...order });
  const whose = () => ({ chat: chat(), from: personOf(from()), fromMe, to: fromMe || chat() === group ? chat() : session.jid });

  test.each(CONTENTS)('is shown decoded: %s', async (_name, order, expected) => {
    const [row] = await rowsOf([await send(order)]);
    expect(row).toMatchObject({ ...whose(), ...expected });
  });

  test.each(ABOUT_ANOTHER)('is shown with what it is about: %s', async (_name, first, then, expected) => {
    const target = await send(first);
    const [row] = await rowsOf([await send(then(target))]);
    expect(row).toMatchObject({ ...whose(), ...expected(target) });
  });

  test('is shown as its author changed it', async () => {
    const edited = await send({ text: 'helo' });
    const deleted = await send({ media: { type: 'image', ...file, caption: 'oh no' } });
    await rowsOf([await send({ edit: { id: edited, text: 'hello' } }), await send({ delete: deleted })]);
    const [first, second] = await rowsOf([edited, deleted]);
    expect(first).toMatchObject({ type: 'text', content: 'hello', editedAt: expect.stringMatching(/Z$/) as string });
    expect(second).toMatchObject({ type: 'image', content: null, revokedAt: expect.stringMatching(/Z$/) as string });
    expect(second).not.toHaveProperty('details');
  });
});

test('the own phone’s vote on a friend’s poll, and the friend’s on one of the own phone, are opened', async () => {
  const { phones } = scene;
  for (const [author, voter] of [
    [friend, session.number],
    [session.number, friend],
  ] as const) {
    const poll = await phones.sendMessage(author, { to: voter, poll: { name: 'Who?', options: ['you', 'me'] } });
    await phones.waitForShown(voter, poll);
    const [vote] = await rowsOf([await phones.sendMessage(voter, { to: author, vote: { poll, options: ['me'] } })]);
    expect(vote).toMatchObject({ type: 'pollVote', fromMe: voter === session.number, details: { pollId: poll, options: ['me'] } });
  }
});

test.each([
  ['a friend', () => friend],
  ['a group', () => group],
])('a voice note of the own phone to %s is read, then played', async (_name, to) => {
  const { phones, worker } = scene;
  const id = await phones.sendMessage(session.number, { to: to(), media: { type: 'voice', ...file, seconds: 3 } });
  await phones.waitForShown(friend, id);
  const untilStatus = async (status: string): Promise<void> =>
    until(
      async () => (await worker.messages('receiver')).some((row) => row['id'] === id && row['status'] === status),
      60_000,
      () => `it was not ${status}`,
    );
  await phones.markRead(friend, { ids: [id] });
  await untilStatus('read');
  await phones.markPlayed(friend, { ids: [id] });
  await untilStatus('played');
});
