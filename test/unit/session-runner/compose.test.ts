import { describe, expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import { proto } from '../../../session-runner/baileys.js';
import { compose } from '../../../session-runner/messages/compose/compose.js';
import { describeContent } from '../../../session-runner/messages/describe-content.js';
import { referencesOf, type ReferredMessages } from '../../../supervisor/messages/referred-messages.js';
import { shownContent } from '../../../supervisor/messages/shown-content.js';

const ANNA = '6281234567890@s.whatsapp.net';
const ME = '15550000001@s.whatsapp.net';
const MY_LID = '100000000000001@lid';
const GROUP = '120363000000000000@g.us';
const SECRET = Buffer.alloc(32, 7).toString('base64');

const rawOf = (content: proto.IMessage): string => Buffer.from(proto.Message.encode(content).finish()).toString('base64');
const said = (changes: Partial<Message>): Message => ({
  ...{ id: 'T1', chat: ANNA, from: ANNA, to: ME, fromMe: false, type: 'text', content: 'shall we?', timestamp: 1, status: 'delivered' },
  ...changes,
});
const described = (content: proto.IMessage, changes: Partial<Message> = {}): Message =>
  said({ ...describeContent(content), raw: rawOf(content), ...changes });
const TEXT = said({});
const OWN = said({ id: 'T2', fromMe: true, from: ME, to: ANNA, content: 'helo' });
const PICTURE = described({
  imageMessage: {
    caption: 'look',
    mimetype: 'image/png',
    mediaKey: Buffer.alloc(32, 1),
    contextInfo: { forwardingScore: 3, isForwarded: true },
  },
  messageContextInfo: { messageSecret: Buffer.alloc(32, 9) },
});
const POLL = described({
  pollCreationMessageV3: { name: 'Lunch?', options: [{ optionName: 'rice' }, { optionName: 'tea' }], selectableOptionsCount: 1 },
});

const composed = (content: OutgoingContent, referred: ReferredMessages = {}, to = ANNA) =>
  compose(
    { messageId: 'M1', to, content, references: referencesOf(referred, content, MY_LID), secret: SECRET, createdAt: 1_700_000_000_000 },
    ME,
  );
const decoded = (content: OutgoingContent, referred?: ReferredMessages, to?: string): proto.Message =>
  proto.Message.decode(proto.Message.encode(composed(content, referred, to).message).finish());

const CONTENTS: readonly (readonly [name: string, content: OutgoingContent, referred?: ReferredMessages])[] = [
  ['a text', { type: 'text', text: '*bold* _slanted_ ~gone~\n> said\n`code` https://example.com' }],
  ['a text with mentions', { type: 'text', text: 'hello @6281234567890', mentions: [ANNA, '123456789012345@lid'] }],
  ['an answer to a text', { type: 'text', text: 'yes', quoted: 'T1' }, { quoted: TEXT }],
  ['an answer to a long text', { type: 'text', text: 'yes', quoted: 'T1' }, { quoted: said({ content: '\u{1f600}'.repeat(5_000) }) }],
  [
    'an answer to a picture, with a mention',
    { type: 'text', text: 'nice, @6281234567890', mentions: [ANNA], quoted: 'T1' },
    { quoted: PICTURE },
  ],
  ['a bare place', { type: 'location', latitude: -90, longitude: 180 }],
  ['a place as an answer', { type: 'location', latitude: 1, longitude: 2, quoted: 'T1' }, { quoted: TEXT }],
  ['a place with a name', { type: 'location', latitude: -6.1753924, longitude: 106.8271528, name: 'Monas', address: 'Jakarta' }],
  ['a contact', { type: 'contacts', contacts: [{ name: 'Anna', phones: ['6281234567890'] }] }],
  [
    'contacts with what ends a line, a value or an escape',
    {
      type: 'contacts',
      contacts: [
        {
          name: 'Anna; B, C\\D\nEND:VCARD\r\nTEL;waid=666:+666',
          phones: ['6281234567890', '15550000001'],
          organization: 'a;b',
          email: 'a,b@c',
        },
        { name: 'Bert', phones: ['15550000002'] },
      ],
    },
  ],
  ['a poll of one choice', { type: 'poll', question: 'Lunch?', options: ['rice', 'noodles'], selectable: 1 }],
  ['a poll of any number of choices', { type: 'poll', question: 'When?', options: ['now', 'later', 'never'], selectable: 0 }],
  ['a reaction', { type: 'reaction', messageId: 'T1', emoji: '👍🏽' }, { target: TEXT }],
  ['a reaction taken back', { type: 'reaction', messageId: 'T1', emoji: '' }, { target: TEXT }],
  ['an edit', { type: 'edit', messageId: 'T2', text: 'hello @6281234567890', mentions: [ANNA] }, { target: OWN }],
  ['an edit of a caption', { type: 'edit', messageId: 'T1', text: 'look here' }, { target: { ...PICTURE, fromMe: true } }],
  ['a deletion', { type: 'revoke', messageId: 'T2' }, { target: OWN }],
  ['a pin', { type: 'pin', messageId: 'T1', pinned: true, seconds: 86_400 }, { target: TEXT }],
  ['an unpin', { type: 'pin', messageId: 'T1', pinned: false, seconds: 0 }, { target: TEXT }],
  ['a forwarded text', { type: 'forward', messageId: 'T1' }, { target: TEXT }],
  ['a picture forwarded once more', { type: 'forward', messageId: 'T1' }, { target: PICTURE }],
  ['a forwarded poll', { type: 'forward', messageId: 'T1' }, { target: POLL }],
];

describe.each(CONTENTS.map(([name, content, referred = {}]) => ({ name, content, referred })))('$name', ({ content, referred }) => {
  it('is in history as its recipient has it', () => {
    expect(shownContent(content, referred)).toEqual({ ...describeContent(decoded(content, referred)), raw: undefined });
  });

  it('is the same bytes each time', () => {
    expect(rawOf(composed(content, referred).message)).toBe(rawOf(composed(content, referred).message));
  });

  it('brings its own secret, and no other', () => {
    const secret = decoded(content, referred).messageContextInfo?.messageSecret;
    expect(secret && Buffer.from(secret).toString('base64')).toBe(content.type === 'reaction' ? undefined : SECRET);
    expect(rawOf(composed(content, referred).message)).not.toContain(Buffer.alloc(30, 9).toString('base64'));
  });
});

it('names the author of what it is about in a group by LID, and nowhere else', () => {
  const theirs = said({ chat: GROUP, to: GROUP, fromAlt: '123456789012345@lid' });
  const ours = said({ chat: GROUP, to: GROUP, fromMe: true, from: ME });
  const keyOf = (target: Message, to: string) =>
    decoded({ type: 'reaction', messageId: 'T1', emoji: '👍' }, { target }, to).reactionMessage?.key;
  expect(keyOf(theirs, GROUP)).toEqual({ remoteJid: GROUP, fromMe: false, id: 'T1', participant: '123456789012345@lid' });
  expect(keyOf(ours, GROUP)).toEqual({ remoteJid: GROUP, fromMe: true, id: 'T1', participant: MY_LID });
  expect(keyOf(TEXT, ANNA)).toEqual({ remoteJid: ANNA, fromMe: false, id: 'T1' });
});

it('says where a message is from that it answers elsewhere', () => {
  const quoted = said({ chat: GROUP, to: GROUP });
  expect(decoded({ type: 'text', text: 'about that', quoted: 'T1' }, { quoted }).extendedTextMessage?.contextInfo).toMatchObject({
    stanzaId: 'T1',
    participant: ANNA,
    remoteJid: GROUP,
  });
});

it.each([
  ['an edit', { type: 'edit', messageId: 'T2', text: 'hello' }, OWN, ANNA, '1'],
  ['a pin', { type: 'pin', messageId: 'T2', pinned: true, seconds: 86_400 }, OWN, ANNA, '2'],
  ['the deletion of an own message', { type: 'revoke', messageId: 'T2' }, OWN, GROUP, '7'],
  ['the deletion of a member’s message by an admin', { type: 'revoke', messageId: 'T1' }, TEXT, GROUP, '8'],
] as const)('marks the stanza of %s', (_name, content, target, to, edit) => {
  expect(composed(content, { target }, to).attributes).toEqual({ edit });
});
