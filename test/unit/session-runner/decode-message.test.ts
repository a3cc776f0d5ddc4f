import { expect, it } from 'vitest';
import { proto, WAMessageStubType, type WAMessage } from '../../../session-runner/baileys.js';
import { decodeInboxEntry, toMessage, type InboxEntry } from '../../../session-runner/messages/decode-message.js';
import { Message } from '../../../shared/domain/message.js';
import { silent } from '../shared/logged.js';

const ME = '15550000001@s.whatsapp.net';
const ME_LID = '99900000001@lid';
const ANNA = '6281234567890@s.whatsapp.net';
const ANNA_LID = '123456789012345@lid';
const GROUP = '120363021234567890@g.us';

const padded = (bytes: Uint8Array, pad = 3): Buffer => Buffer.concat([bytes, Buffer.alloc(pad, pad)]);

const decodeBytes = (plaintext: Buffer, attrs: Record<string, string> = {}): Message | undefined => {
  const entry: InboxEntry = {
    key: ['A1', ANNA, '', 0, 'h'],
    hash: Buffer.alloc(32),
    plaintext,
    attrs: { id: 'A1', from: ANNA, t: '1700000000', notify: 'Anna', ...attrs },
    me: ME,
    meLid: ME_LID,
  };
  const message = decodeInboxEntry(entry, silent);
  if (message) expect(Message.parse(message)).toEqual(message);
  return message;
};
const decode = (content: proto.IMessage, attrs: Record<string, string> = {}): Message | undefined =>
  decodeBytes(padded(proto.Message.encode(proto.Message.fromObject(content)).finish()), attrs);

it('keeps a text', () => {
  expect(decode({ conversation: 'hello' })).toEqual({
    id: 'A1',
    chat: ANNA,
    from: ANNA,
    to: ME,
    fromMe: false,
    type: 'text',
    content: 'hello',
    timestamp: 1_700_000_000_000,
    status: 'delivered',
    pushName: 'Anna',
  });
});

it('keeps an extended text as text', () => {
  expect(decode({ extendedTextMessage: { text: 'see https://example.org', contextInfo: { stanzaId: 'B1' } } })).toMatchObject({
    type: 'text',
    content: 'see https://example.org',
  });
});

it('keeps a picture with its caption and everything else of it', () => {
  const image = { caption: 'look', mimetype: 'image/jpeg', mediaKey: Buffer.alloc(32, 7), fileLength: 5 };
  const message = decode({ imageMessage: image });
  expect(message).toMatchObject({ type: 'image', content: 'look' });
  const raw = proto.Message.decode(Buffer.from(message?.raw ?? '', 'base64'));
  expect(raw.imageMessage).toMatchObject({ caption: 'look', mimetype: 'image/jpeg' });
  expect(Buffer.from(raw.imageMessage?.mediaKey ?? [])).toEqual(Buffer.alloc(32, 7));
});

it.each<[string, proto.IMessage, string]>([
  ['sticker', { stickerMessage: { mimetype: 'image/webp' } }, 'sticker'],
  ['voice note', { audioMessage: { ptt: true } }, 'audio'],
  ['place', { locationMessage: { degreesLatitude: 1, degreesLongitude: 2 } }, 'location'],
  ['card', { contactMessage: { displayName: 'Anna' } }, 'contacts'],
  ['call', { call: { callKey: Buffer.from('k') } }, 'call'],
  ['deleted message', { protocolMessage: { type: proto.Message.ProtocolMessage.Type.REVOKE, key: { id: 'B1' } } }, 'revoke'],
  ['kind without a description', { requestPhoneNumberMessage: {} }, 'requestPhoneNumber'],
  ['wrapper with nothing in it', { ephemeralMessage: {} }, 'ephemeral'],
])('keeps a %s with its raw content', (_name, content, type) => {
  const message = decode(content);
  expect(message).toMatchObject({ type, content: null });
  expect(message?.raw).toBeTruthy();
});

it('looks into disappearing and view-once wrappers', () => {
  expect(decode({ ephemeralMessage: { message: { conversation: 'soon gone' } } })).toMatchObject({ type: 'text', content: 'soon gone' });
  expect(decode({ viewOnceMessageV2: { message: { imageMessage: { caption: 'once' } } } })).toMatchObject({
    type: 'image',
    content: 'once',
  });
  expect(decode({ documentWithCaptionMessage: { message: { documentMessage: { caption: 'paper' } } } })).toMatchObject({
    type: 'document',
    content: 'paper',
  });
});

it('keeps a text beside keys and context', () => {
  const beside = { messageContextInfo: { messageSecret: Buffer.alloc(32, 1) }, senderKeyDistributionMessage: { groupId: GROUP } };
  expect(decode({ ...beside, conversation: 'hello' })).toMatchObject({ type: 'text', content: 'hello' });
  expect(decode({ ...beside, imageMessage: { caption: 'look' } })).toMatchObject({ type: 'image', content: 'look' });
});

it('drops what nobody wrote', () => {
  const { Type } = proto.Message.ProtocolMessage;
  for (const type of [
    Type.HISTORY_SYNC_NOTIFICATION,
    Type.APP_STATE_SYNC_KEY_SHARE,
    Type.APP_STATE_SYNC_KEY_REQUEST,
    Type.APP_STATE_FATAL_EXCEPTION_NOTIFICATION,
    Type.INITIAL_SECURITY_NOTIFICATION_SETTING_SYNC,
    Type.PEER_DATA_OPERATION_REQUEST_MESSAGE,
    Type.PEER_DATA_OPERATION_REQUEST_RESPONSE_MESSAGE,
    Type.LID_MIGRATION_MAPPING_SYNC,
  ])
    expect(decode({ protocolMessage: { type } }), String(type)).toBeUndefined();
  expect(decode({ senderKeyDistributionMessage: { groupId: GROUP } })).toBeUndefined();
  expect(decode({ messageContextInfo: { messageSecret: Buffer.alloc(32, 1) } })).toBeUndefined();
});

it('tells a status update as what it is', () => {
  const story = decode({ conversation: 'a story' }, { from: 'status@broadcast', participant: ANNA });
  expect(story).toMatchObject({ chat: 'status@broadcast', from: ANNA, to: 'status@broadcast', content: 'a story' });
});

it('unwraps what we wrote on another device', () => {
  const content = { deviceSentMessage: { destinationJid: ANNA, message: { conversation: 'from my phone' } } };
  expect(decode(content, { from: ME, recipient: ANNA })).toMatchObject({
    chat: ANNA,
    from: ME,
    to: ANNA,
    fromMe: true,
    type: 'text',
    content: 'from my phone',
    status: 'sent',
  });
  expect(decode(content, { from: `${ME_LID.replace('@', ':2@')}`, recipient: ANNA_LID, peer_recipient_pn: ANNA })).toMatchObject({
    chat: ANNA,
    chatAlt: ANNA_LID,
    from: ME,
    to: ANNA,
    fromMe: true,
  });
});

it('calls a person by the phone number when it is known, whatever the message is addressed by', () => {
  const byNumber = decode({ conversation: 'x' }, { from: ANNA.replace('@', ':4@'), sender_lid: ANNA_LID });
  const byLid = decode({ conversation: 'x' }, { from: ANNA_LID.replace('@', ':4@'), sender_pn: ANNA });
  for (const message of [byNumber, byLid]) {
    expect(message).toMatchObject({ chat: ANNA, chatAlt: ANNA_LID, from: ANNA, fromAlt: ANNA_LID });
  }
  const unknown = decode({ conversation: 'x' }, { from: ANNA_LID });
  expect(unknown).toMatchObject({ chat: ANNA_LID, from: ANNA_LID });
  expect(unknown).not.toHaveProperty('chatAlt');
});

it('names the group and its member', () => {
  expect(decode({ conversation: 'x' }, { from: GROUP, participant: ANNA_LID.replace('@', ':4@'), participant_pn: ANNA })).toMatchObject({
    chat: GROUP,
    from: ANNA,
    fromAlt: ANNA_LID,
    to: GROUP,
    fromMe: false,
  });
  expect(decode({ conversation: 'x' }, { from: GROUP, participant: ME_LID })).toMatchObject({
    chat: GROUP,
    from: ME,
    to: GROUP,
    fromMe: true,
  });
});

it.each<[string, Buffer]>([
  ['no protobuf', padded(Buffer.from([0x0a, 0xff, 0xff, 0xff]))],
  ['nothing at all', Buffer.alloc(0)],
  ['wrongly padded', Buffer.from([1, 2, 200])],
])('keeps a message that is %s as it came', (_name, plaintext) => {
  expect(decodeBytes(plaintext)).toMatchObject({
    id: 'A1',
    chat: ANNA,
    from: ANNA,
    fromMe: false,
    type: 'unreadable',
    content: null,
    timestamp: 1_700_000_000_000,
    raw: plaintext.toString('base64'),
  });
});

it('keeps what we wrote on another device in its chat, also when it cannot be read', () => {
  expect(decodeBytes(Buffer.alloc(0), { from: ME, recipient: ANNA })).toMatchObject({
    type: 'unreadable',
    chat: ANNA,
    from: ME,
    fromMe: true,
  });
});

it('keeps a message whose envelope Baileys would not take', () => {
  const plaintext = padded(proto.Message.encode({ conversation: 'x' }).finish());
  expect(decodeBytes(plaintext, { from: GROUP })).toMatchObject({ type: 'unreadable', chat: GROUP, raw: plaintext.toString('base64') });
  expect(decodeBytes(plaintext, { from: 'somebody@somewhere' })).toMatchObject({ type: 'unreadable', chat: 'somebody@somewhere' });
});

it('keeps content of a kind that is newer than this program', () => {
  // Field 4000, length-delimited, three bytes.
  const unknownField = Buffer.from([0x82, 0xfa, 0x01, 0x03, 1, 2, 3]);
  const plaintext = padded(unknownField);
  expect(decodeBytes(plaintext)).toMatchObject({ id: 'A1', type: 'unreadable', raw: plaintext.toString('base64') });
  const withContext = Buffer.concat([
    proto.Message.encode({ messageContextInfo: { messageSecret: Buffer.alloc(32, 1) } }).finish(),
    unknownField,
  ]);
  expect(decodeBytes(padded(withContext))).toMatchObject({ type: 'unreadable' });
});

const received = (changes: Partial<WAMessage>): WAMessage => ({
  key: { id: 'A1', remoteJid: ANNA, fromMe: false },
  messageTimestamp: 1_700_000_000,
  ...changes,
});

it('makes a placeholder of what could not be decrypted', () => {
  const message = toMessage(received({ messageStubType: WAMessageStubType.CIPHERTEXT }), ME);
  expect(message).toMatchObject({ id: 'A1', chat: ANNA, type: 'undecryptable', content: null });
});

it('names other notices by what they tell', () => {
  expect(toMessage(received({ messageStubType: WAMessageStubType.GROUP_CHANGE_SUBJECT }), ME)?.type).toBe('system.group_change_subject');
});

it('takes the present for a message without a time', () => {
  const before = Date.now();
  const message = toMessage({ key: { id: 'A1', remoteJid: ANNA }, message: { conversation: 'x' } }, ME);
  expect(message?.timestamp).toBeGreaterThanOrEqual(before);
});

it('drops what has no id, no chat or no content', () => {
  const message = { conversation: 'x' };
  expect(toMessage(received({ message, key: { remoteJid: ANNA } }), ME)).toBeUndefined();
  expect(toMessage(received({ message, key: { id: 'A1' } }), ME)).toBeUndefined();
  expect(toMessage(received({}), ME)).toBeUndefined();
});
