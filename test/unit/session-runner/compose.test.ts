import { describe, expect, it } from 'vitest';
import type { OutgoingContent } from '../../../shared/domain/outgoing.js';
import { proto } from '../../../session-runner/baileys.js';
import { compose } from '../../../session-runner/messages/compose/compose.js';
import { describeContent } from '../../../session-runner/messages/describe-content.js';
import { shownContent } from '../../../supervisor/messages/shown-content.js';

const ANNA = '6281234567890@s.whatsapp.net';
const ME = '15550000001@s.whatsapp.net';
const SECRET = Buffer.alloc(32, 7).toString('base64');
const outgoing = (content: OutgoingContent) => ({
  messageId: 'M1',
  to: ANNA,
  content,
  references: {},
  secret: SECRET,
  createdAt: 1_700_000_000_000,
});
const bytesOf = (content: OutgoingContent): Buffer => Buffer.from(proto.Message.encode(compose(outgoing(content), ME).message).finish());

const CONTENTS: readonly (readonly [name: string, content: OutgoingContent])[] = [
  ['a text', { type: 'text', text: '*bold* _slanted_ ~gone~\n> said\n`code` https://example.com' }],
  ['a text with mentions', { type: 'text', text: 'hello @6281234567890', mentions: [ANNA, '123456789012345@lid'] }],
  ['a bare place', { type: 'location', latitude: -90, longitude: 180 }],
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
];

describe.each(CONTENTS)('%s', (_name, content) => {
  it('is in history as its recipient has it', () => {
    const received = describeContent(proto.Message.decode(bytesOf(content)));
    expect(shownContent(content)).toEqual({ ...received, raw: undefined });
  });

  it('is the same bytes each time', () => {
    expect(bytesOf(content).equals(bytesOf(content))).toBe(true);
  });

  it('brings its secret', () => {
    expect(Buffer.from(proto.Message.decode(bytesOf(content)).messageContextInfo?.messageSecret ?? []).toString('base64')).toBe(SECRET);
  });
});
