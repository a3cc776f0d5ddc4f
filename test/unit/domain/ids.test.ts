import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJid, isGroup, isLid, phoneNumberOf, SessionId, toRecipientJid, withoutDevice } from '../../../shared/domain/ids.js';

describe('a session id', () => {
  it.each(['a', 'user1', 'User_1-b', '_', 'x'.repeat(100)])('may be %s', (id) => {
    expect(SessionId.parse(id)).toBe(id);
  });

  it.each(['', 'x'.repeat(101), 'a b', 'a/b', '..', 'a.b', 'ü', 'a\n', '\n', 'a\u0000', 'a%2e', 'a:b'])('may not be %j', (id) => {
    expect(SessionId.safeParse(id).success).toBe(false);
  });

  it('is safe as a path segment and inside a URL, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 120 }), (id) => {
        if (SessionId.safeParse(id).success) expect(encodeURIComponent(id)).toBe(id);
      }),
    );
    fc.assert(
      fc.property(fc.stringMatching(/^[A-Za-z0-9_-]{1,100}$/), (id) => {
        expect(SessionId.parse(id)).toBe(id);
      }),
    );
  });
});

describe('a recipient', () => {
  it.each([
    ['+6281234567890', '6281234567890@s.whatsapp.net'],
    ['6281234567890', '6281234567890@s.whatsapp.net'],
    ['6281234567890@s.whatsapp.net', '6281234567890@s.whatsapp.net'],
    ['6281234567890:12@s.whatsapp.net', '6281234567890@s.whatsapp.net'],
    ['123456789012345@lid', '123456789012345@lid'],
    ['123456789012345:3@lid', '123456789012345@lid'],
    ['120363021234567890@g.us', '120363021234567890@g.us'],
    ['6281234567890-1600000000@g.us', '6281234567890-1600000000@g.us'],
  ])('%s is %s', (input, jid) => {
    expect(toRecipientJid(input)).toBe(jid);
  });

  it.each([
    '',
    '0812345678',
    '+0812345678',
    '12345',
    '1234567890123456',
    '+62 812 3456',
    '++628123456789',
    '6281234567890\n',
    '6281234567890@c.us',
    '6281234567890@s.whatsapp.net.evil',
    'status@broadcast',
    '123@newsletter',
    'x@lid',
    '@g.us',
    '../x@g.us',
    '6281234567890:1234@s.whatsapp.net',
  ])('%j is nobody', (input) => {
    expect(toRecipientJid(input)).toBeUndefined();
  });

  it('stays what it is when it is resolved twice', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^\+?[1-9]\d{5,14}(:\d{1,3})?(@s\.whatsapp\.net|@lid|@g\.us)?$/), (input) => {
        const jid = toRecipientJid(input);
        if (jid !== undefined) expect(toRecipientJid(jid)).toBe(jid);
      }),
    );
  });
});

it('drops the device of a jid and nothing else', () => {
  expect(withoutDevice('6281:12@s.whatsapp.net')).toBe('6281@s.whatsapp.net');
  expect(withoutDevice('6281@s.whatsapp.net')).toBe('6281@s.whatsapp.net');
  expect(withoutDevice('12:3@lid')).toBe('12@lid');
  expect(withoutDevice('')).toBe('');
});

it('tells what a jid names', () => {
  expect([isLid('1@lid'), isLid('1@s.whatsapp.net'), isLid('lid@g.us')]).toEqual([true, false, false]);
  expect([isGroup('1@g.us'), isGroup('1@lid')]).toEqual([true, false]);
});

it('reads the phone number only from a phone-number jid', () => {
  expect(phoneNumberOf('6281234567890:12@s.whatsapp.net')).toBe('+6281234567890');
  expect(phoneNumberOf('123456789012345@lid')).toBeUndefined();
  expect(phoneNumberOf('120363021234567890@g.us')).toBeUndefined();
  expect(phoneNumberOf('6281234567890')).toBeUndefined();
});

it.each([
  ['1234567:2@lid', '62812345:2@s.whatsapp.net', '62812345@s.whatsapp.net'],
  ['1234567@lid', undefined, '1234567@lid'],
  ['1234567@lid', '7654321@lid', '1234567@lid'],
  ['62812345:2@s.whatsapp.net', '1234567@lid', '62812345@s.whatsapp.net'],
  ['62812345@s.whatsapp.net', undefined, '62812345@s.whatsapp.net'],
])('names %s, also known as %s, by %s', (jid, alternative, expected) => {
  expect(canonicalJid(jid, alternative)).toBe(expected);
});
