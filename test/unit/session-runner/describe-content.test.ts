import fc from 'fast-check';
import { expect, it } from 'vitest';
import { proto } from '../../../session-runner/baileys.js';
import { describeContent, type Content } from '../../../session-runner/messages/describe-content.js';
import { MESSAGE_DETAILS, Quoted } from '../../../shared/domain/message-details.js';
import { Message } from '../../../shared/domain/message.js';

const ANNA = '6281234567890@s.whatsapp.net';
const { Type } = proto.Message.ProtocolMessage;

/** As it comes: encoded by its sender. */
const received = (message: proto.IMessage): proto.Message =>
  proto.Message.decode(proto.Message.encode(proto.Message.fromObject(message)).finish());
/** What is shown of it, beside its raw form. */
const describe = (message: proto.IMessage): Content | undefined => {
  const content = describeContent(received(message));
  delete content?.raw;
  return content;
};
const table = MESSAGE_DETAILS as Readonly<Record<string, { strict: () => { parse: (value: unknown) => unknown } }>>;

const key = { id: 'B1', remoteJid: ANNA };
const digest = Buffer.alloc(32, 0xab);
const jpeg = Buffer.from([0xff, 0xd8, 0xff, 0xe0]);

it.each<[string, proto.IMessage, Content]>([
  ['text', { conversation: 'hello' }, { type: 'text', content: 'hello' }],
  ['empty text', { extendedTextMessage: { text: '' } }, { type: 'text', content: '' }],
  [
    'image',
    {
      imageMessage: {
        mimetype: 'image/jpeg',
        caption: 'look',
        fileLength: 5,
        fileSha256: digest,
        width: 3,
        height: 4,
        jpegThumbnail: jpeg,
      },
    },
    {
      type: 'image',
      content: 'look',
      details: {
        mimetype: 'image/jpeg',
        bytes: 5,
        sha256: 'ab'.repeat(32),
        width: 3,
        height: 4,
        thumbnail: jpeg.toString('base64'),
        viewOnce: false,
      },
    },
  ],
  [
    'round video note',
    { ptvMessage: { seconds: 4 } },
    { type: 'video', content: null, details: { seconds: 4, animated: false, note: true, viewOnce: false } },
  ],
  [
    'voice note to be heard once',
    { viewOnceMessageV2Extension: { message: { audioMessage: { ptt: true, seconds: 4 } } } },
    { type: 'audio', content: null, details: { seconds: 4, voice: true, viewOnce: true } },
  ],
  [
    'document without a file name',
    { documentWithCaptionMessage: { message: { documentMessage: { title: 'May', pageCount: 3, caption: 'here' } } } },
    { type: 'document', content: 'here', details: { fileName: 'May', pages: 3 } },
  ],
  [
    'animated sticker',
    { lottieStickerMessage: { message: { stickerMessage: { isLottie: true } } } },
    { type: 'sticker', content: null, details: { animated: true } },
  ],
  [
    'place',
    {
      locationMessage: {
        degreesLatitude: -6.5,
        degreesLongitude: 106.5,
        accuracyInMeters: 12,
        comment: 'here',
        url: 'https://example.org',
      },
    },
    {
      type: 'location',
      content: 'here',
      details: { latitude: -6.5, longitude: 106.5, accuracy: 12, url: 'https://example.org', live: false },
    },
  ],
  [
    'edit that came in its wrapper',
    {
      editedMessage: {
        message: {
          protocolMessage: {
            key,
            type: Type.MESSAGE_EDIT,
            editedMessage: { extendedTextMessage: { text: 'better, @1', contextInfo: { mentionedJid: [ANNA] } } },
          },
        },
      },
    },
    { type: 'edit', content: 'better, @1', details: { messageId: 'B1' }, mentions: [ANNA] },
  ],
  [
    'edit of a caption',
    { protocolMessage: { key, type: Type.MESSAGE_EDIT, editedMessage: { imageMessage: { caption: 'new' } } } },
    { type: 'edit', content: 'new', details: { messageId: 'B1' } },
  ],
  ['revocation', { protocolMessage: { key, type: Type.REVOKE } }, { type: 'revoke', content: null, details: { messageId: 'B1' } }],
  [
    'time that messages stay',
    { protocolMessage: { type: Type.EPHEMERAL_SETTING, ephemeralExpiration: 86_400 } },
    { type: 'system.ephemeral_setting', content: null, details: { seconds: 86_400 } },
  ],
  ['other notice', { protocolMessage: { type: Type.SHARE_PHONE_NUMBER } }, { type: 'system.share_phone_number', content: null }],
  ['notice of no kind', { protocolMessage: { key } }, { type: 'protocol', content: null }],
  ['reaction', { reactionMessage: { key, text: '👍' } }, { type: 'reaction', content: '👍', details: { messageId: 'B1', emoji: '👍' } }],
  ['pin', { pinInChatMessage: { key, type: 1 } }, { type: 'pin', content: null, details: { messageId: 'B1', pinned: true } }],
  ['keep', { keepInChatMessage: { key, keepType: 2 } }, { type: 'keep', content: null, details: { messageId: 'B1', kept: false } }],
  [
    'comment',
    { commentMessage: { targetMessageKey: key, message: { conversation: 'well' } } },
    { type: 'comment', content: 'well', details: { messageId: 'B1' } },
  ],
  [
    'event',
    { eventMessage: { name: 'Party', startTime: 1_700_000_000, location: { name: 'Home' } } },
    {
      type: 'event',
      content: 'Party',
      details: { name: 'Party', startsAt: '2023-11-14T22:13:20.000Z', canceled: false, location: { name: 'Home', live: false } },
    },
  ],
  [
    'invitation',
    { groupInviteMessage: { groupJid: '1-2@g.us', inviteCode: 'X', groupName: 'Lunch', caption: 'come' } },
    { type: 'groupInvite', content: 'come', details: { group: '1-2@g.us', code: 'X', name: 'Lunch' } },
  ],
  [
    'button that was pressed',
    { buttonsResponseMessage: { selectedButtonId: 'b1', selectedDisplayText: 'Yes' } },
    { type: 'choice', content: 'Yes', details: { id: 'b1' } },
  ],
  [
    'row that was chosen',
    { listResponseMessage: { title: 'Rice', singleSelectReply: { selectedRowId: 'r1' } } },
    { type: 'choice', content: 'Rice', details: { id: 'r1' } },
  ],
  [
    'form that was filled in',
    { interactiveResponseMessage: { body: { text: 'Sent' }, nativeFlowResponseMessage: { name: 'flow', paramsJson: '{}' } } },
    { type: 'choice', content: 'Sent', details: { id: 'flow', params: '{}' } },
  ],
  ['template', { templateMessage: { hydratedTemplate: { hydratedContentText: 'Your code' } } }, { type: 'template', content: 'Your code' }],
  ['album', { albumMessage: { expectedImageCount: 2 } }, { type: 'album', content: null, details: { images: 2, videos: 0 } }],
  [
    'call',
    { callLogMesssage: { isVideo: true, durationSecs: 5 } },
    { type: 'callLog', content: null, details: { video: true, seconds: 5 } },
  ],
  [
    'answer to a picture',
    {
      extendedTextMessage: {
        text: 'nice',
        contextInfo: {
          stanzaId: 'B1',
          participant: '6281234567890:3@s.whatsapp.net',
          quotedMessage: { imageMessage: { caption: 'look' } },
        },
      },
    },
    { type: 'text', content: 'nice', quoted: { messageId: 'B1', from: ANNA, type: 'image', content: 'look' } },
  ],
  [
    'forwarded message',
    { extendedTextMessage: { text: 'news', contextInfo: { isForwarded: true, forwardingScore: 5 } } },
    { type: 'text', content: 'news', forwarded: 5 },
  ],
])('describes a message: %s', (_name, message, expected) => {
  const content = describe(message);
  expect(content).toEqual(expected);
  if (content?.details) table[content.type]?.strict().parse(content.details);
});

it('finds the numbers of a card, and the WhatsApp number before the written one', () => {
  const vcard = 'BEGIN:VCARD\r\nitem1.TEL;waid=6281234567890;type=CELL:0812 3456\r\nTEL:tel:+49 151 12\r\nNOTE:TEL:1\r\nEND:VCARD';
  expect(describe({ contactMessage: { displayName: 'Anna', vcard } })?.details).toEqual({
    contacts: [{ name: 'Anna', vcard, phones: ['+6281234567890', '+49 151 12'] }],
  });
});

it('keeps the whole message in its raw form, with the secret that came outside of its wrapper', () => {
  const messageSecret = Buffer.alloc(32, 9);
  const poll = { pollCreationMessageV3: { name: 'Lunch?', options: [{ optionName: 'rice' }] } };
  const content = describeContent(received({ messageContextInfo: { messageSecret }, ephemeralMessage: { message: poll } }));
  const raw = proto.Message.decode(Buffer.from(content?.raw ?? '', 'base64'));
  expect(raw.pollCreationMessageV3?.name).toBe('Lunch?');
  expect(Buffer.from(raw.messageContextInfo?.messageSecret ?? [])).toEqual(messageSecret);
});

it('says nothing of a message that says nothing', () => {
  expect(describe({})).toBeUndefined();
  expect(describe({ senderKeyDistributionMessage: { groupId: '1-2@g.us' }, messageContextInfo: {} })).toBeUndefined();
});

const nested = (depth: number, message: proto.IMessage): proto.IMessage =>
  depth === 0 ? message : { ephemeralMessage: { message: nested(depth - 1, message) } };
const editOf = (depth: number): proto.IMessage => ({
  protocolMessage: { key, type: Type.MESSAGE_EDIT, editedMessage: depth === 0 ? { conversation: 'x' } : editOf(depth - 1) },
});

it('looks into a few wrappers, and keeps what is in too many as what they are', () => {
  expect(describe(nested(5, { conversation: 'x' }))).toEqual({ type: 'text', content: 'x' });
  const deep = describeContent(received(nested(100, { conversation: 'x' })));
  expect(deep).toMatchObject({ type: 'ephemeral', content: null });
  expect(deep?.raw).toBeTruthy();
  expect(describe(editOf(100))).toEqual({ type: 'edit', content: null, details: { messageId: 'B1' } });
});

it('leaves out numbers that make no sense, and what is too large', () => {
  const place = { degreesLatitude: NaN, degreesLongitude: 181, accuracyInMeters: -1 >>> 0, speedInMps: Infinity };
  expect(describe({ locationMessage: place })?.details).toEqual({ accuracy: 0xffff_ffff, live: false });
  const image = {
    fileLength: { low: -1, high: -1, unsigned: true } as never,
    fileSha256: Buffer.alloc(5),
    jpegThumbnail: Buffer.alloc(9_000, jpeg),
  };
  expect(describe({ imageMessage: image })?.details).toEqual({ viewOnce: false });
  const quoted = describe({
    extendedTextMessage: { text: 'x', contextInfo: { stanzaId: 'i'.repeat(5_000), quotedMessage: { conversation: 'y'.repeat(5_000) } } },
  });
  expect(quoted?.quoted?.messageId).toHaveLength(200);
  expect(quoted?.quoted?.content).toHaveLength(1_000);
  const contextInfo = {
    mentionedJid: Array.from({ length: 5_000 }, (_, n) => `${n}@lid`),
    isForwarded: true,
    forwardingScore: 0xffff_ffff,
  };
  expect(describe({ extendedTextMessage: { text: 'x', contextInfo } })).toMatchObject({ forwarded: 1_000, mentions: { length: 1_024 } });
});

/** Any value of a field, right or not; the protobuf library makes of it what it can. */
const junk = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constant('x'.repeat(100_000)),
  fc.integer(),
  fc.double(),
  fc.boolean(),
  fc.uint8Array({ maxLength: 40 }),
  fc.constant(Buffer.alloc(50_000, 0xff)),
  fc.record({ low: fc.integer(), high: fc.integer(), unsigned: fc.boolean() }),
);
const NAMES = Object.keys(proto.Message.prototype).filter((name) => name !== 'toJSON');
const FIELDS = [
  ...[
    'caption',
    'text',
    'name',
    'title',
    'mimetype',
    'vcard',
    'displayName',
    'fileLength',
    'fileSha256',
    'jpegThumbnail',
    'seconds',
    'width',
  ],
  ...['ptt', 'type', 'degreesLatitude', 'selectableOptionsCount', 'startTime', 'optionName', 'sequenceNumber', 'inviteExpiration'],
];
/** A message with junk in some of its fields, and others inside of it wherever there is room for one. */
const { anyMessage } = fc.letrec<{ anyMessage: proto.IMessage }>((tie) => ({
  anyMessage: fc
    .array(
      fc.record({
        name: fc.constantFrom(...NAMES),
        fields: fc.dictionary(fc.constantFrom(...FIELDS), junk, { maxKeys: 5 }),
        inner: fc.option(tie('anyMessage'), { maxDepth: 3, depthIdentifier: 'message' }),
      }),
      { minLength: 1, maxLength: 2 },
    )
    .map((parts) =>
      Object.fromEntries(
        parts.map(({ name, fields, inner }) => {
          const holding = inner && { message: inner, editedMessage: inner, contextInfo: { stanzaId: 'B1', quotedMessage: inner } };
          return [name, { ...fields, key: { id: 'B1' }, ...holding }];
        }),
      ),
    ),
}));

const bounded = (content: Content | undefined): void => {
  if (!content) return;
  const { content: text } = content;
  expect(JSON.stringify({ ...content, content: null, raw: null }).length).toBeLessThan(300_000);
  expect(text === null || typeof text === 'string').toBe(true);
  const shape = table[content.type];
  if (shape) shape.strict().parse(content.details);
  else expect(content.details).toBeUndefined();
  Quoted.optional().parse(content.quoted);
  Message.pick({ details: true, mentions: true, forwarded: true }).parse(content);
  expect(JSON.parse(JSON.stringify(content))).toEqual(content);
};

it('describes whatever can be decoded within bounds, and as the table says', () => {
  const types = new Set<string>();
  fc.assert(
    fc.property(anyMessage, (message) => {
      let decoded: proto.Message;
      try {
        decoded = received(message);
      } catch {
        // What cannot be encoded cannot come.
        return;
      }
      const content = describeContent(decoded);
      bounded(content);
      if (content) types.add(content.type);
    }),
    { numRuns: 500 },
  );
  // What is made up does come through the encoding, for the most part.
  expect(types.size).toBeGreaterThan(20);
});

it('describes bytes that happen to be a message', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 1, maxLength: 60 }), (bytes) => {
      let decoded: proto.Message;
      try {
        decoded = proto.Message.decode(bytes);
      } catch {
        return;
      }
      bounded(describeContent(decoded));
    }),
    { numRuns: 500 },
  );
});
