import { expect, it } from 'vitest';
import { proto, WAMessageStubType, type WAMessage } from '../../../session-runner/baileys.js';
import { entriesOf, playedInGroup } from '../../../session-runner/messages/inbound.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { tempRunnerStore } from './runner-stores.js';

const ME = '15550000001@s.whatsapp.net';
const ANNA = '6281234567890@s.whatsapp.net';
const { Status } = proto.WebMessageInfo;

const ME_LID = '99900000001@lid';
const context = async () => ({ sessionId: 's', me: ME, meLid: ME_LID, store: await tempRunnerStore() });
const upsert = (...messages: WAMessage[]) => ({ messages, type: 'notify' as const });
const text = (id: string): WAMessage => ({ key: { id, remoteJid: ANNA }, messageTimestamp: 5, message: { conversation: 'hello' } });

it('keeps messages that were not decrypted, such as those that came as plaintext', async () => {
  const entries = entriesOf('messages.upsert', upsert(text('A1'), text('A2')), await context());
  expect(entries).toMatchObject([
    { kind: 'message', sessionId: 's', message: { id: 'A1', content: 'hello' } },
    { kind: 'message', sessionId: 's', message: { id: 'A2' } },
  ]);
});

it('leaves out what the inbox has already, and nothing else', async () => {
  const given = await context();
  await given.store.commit([
    { table: SLOT_TABLES.inbox, key: ['s', 'A1', ANNA, '', 0], value: { hash: Buffer.alloc(1), plaintext: Buffer.alloc(1) } },
  ]);
  await given.store.commit([
    { table: SLOT_TABLES.inbox, key: ['s2', 'A3', ANNA, '', 0], value: { hash: Buffer.alloc(1), plaintext: Buffer.alloc(1) } },
  ]);
  const entries = entriesOf('messages.upsert', upsert(text('A1'), text('A10'), text('A3')), given);
  expect(entries.map((entry) => entry.kind === 'message' && entry.message.id)).toEqual(['A10', 'A3']);
});

it('keeps the placeholder of what could not be decrypted, although another part of the stanza could', async () => {
  const given = await context();
  await given.store.commit([
    { table: SLOT_TABLES.inbox, key: ['s', 'A1', ANNA, '', 0], value: { hash: Buffer.alloc(1), plaintext: Buffer.alloc(1) } },
  ]);
  const placeholder = { ...text('A1'), message: null, messageStubType: WAMessageStubType.CIPHERTEXT };
  expect(entriesOf('messages.upsert', upsert(placeholder), given)).toMatchObject([{ kind: 'message', message: { type: 'undecryptable' } }]);
});

it.each([
  [Status.SERVER_ACK, 'sent'],
  [Status.DELIVERY_ACK, 'delivered'],
  [Status.READ, 'read'],
  [Status.PLAYED, 'played'],
])('takes update %s of our own message for %s', async (code, status) => {
  const update = { key: { id: 'A1', remoteJid: ANNA, fromMe: true }, update: { status: code, messageTimestamp: 7 } };
  expect(entriesOf('messages.update', [update], await context())).toEqual([
    { kind: 'status', sessionId: 's', messageId: 'A1', status, at: 7_000, ...(status !== 'sent' && { by: ANNA }) },
  ]);
});

it('ignores updates of others, without an id, or of no known kind', async () => {
  const key = { id: 'A1', remoteJid: ANNA, fromMe: true };
  const updates = [
    { key: { ...key, fromMe: false }, update: { status: Status.READ } },
    { key: { remoteJid: ANNA, fromMe: true }, update: { status: Status.READ } },
    { key, update: { status: Status.PENDING } },
    { key, update: { status: Status.ERROR } },
    { key, update: { pushName: 'Anna' } },
  ];
  expect(entriesOf('messages.update', updates, await context())).toEqual([]);
});

it('takes the receipts of a group for delivered and read', async () => {
  const key = { id: 'A1', remoteJid: '1-2@g.us', fromMe: true };
  const receipts = [
    { key, receipt: { userJid: ANNA, receiptTimestamp: 7 } },
    { key, receipt: { userJid: ANNA, readTimestamp: 8 } },
  ];
  expect(entriesOf('message-receipt.update', receipts, await context())).toMatchObject([
    { messageId: 'A1', status: 'delivered', at: 7_000, by: ANNA },
    { messageId: 'A1', status: 'read', at: 8_000, by: ANNA },
  ]);
});

it('takes from a group’s receipts the furthest that each tells, and nothing from our own devices', async () => {
  const key = { id: 'A1', remoteJid: '1-2@g.us', fromMe: true };
  const receipts = [
    { key, receipt: { userJid: ANNA, receiptTimestamp: 7, readTimestamp: 8, playedTimestamp: 9 } },
    { key, receipt: { userJid: ME.replace('@', ':3@'), readTimestamp: 8 } },
    { key, receipt: { userJid: ME_LID, receiptTimestamp: 8 } },
  ];
  expect(entriesOf('message-receipt.update', receipts, await context())).toEqual([
    { kind: 'status', sessionId: 's', messageId: 'A1', status: 'played', at: 9_000, by: ANNA },
  ]);
});

it('takes what Baileys merged into a message or an update', async () => {
  const own: WAMessage = { ...text('A1'), key: { id: 'A1', remoteJid: ANNA, fromMe: true } };
  const merged = { ...own, status: Status.DELIVERY_ACK, userReceipt: [{ userJid: ANNA, readTimestamp: 9 }] };
  expect(entriesOf('messages.upsert', upsert(merged, { ...own, status: Status.SERVER_ACK }), await context())).toMatchObject([
    { kind: 'message', message: { id: 'A1', fromMe: true } },
    { kind: 'status', messageId: 'A1', status: 'delivered' },
    { kind: 'status', messageId: 'A1', status: 'read', at: 9_000 },
    { kind: 'message', message: { id: 'A1' } },
  ]);
  const update = { key: own.key, update: { userReceipt: [{ userJid: ANNA, receiptTimestamp: 5 }] } };
  expect(entriesOf('messages.update', [update], await context())).toMatchObject([{ messageId: 'A1', status: 'delivered', at: 5_000 }]);
});

it('sees in a receipt of a group which messages were listened to', () => {
  const mine = { sessionId: 's', me: ME, meLid: ME_LID };
  const attrs = { id: 'A1', from: '1-2@g.us', participant: '123456789012345:4@lid', type: 'played', t: '9' };
  const items = [{ tag: 'list', attrs: {}, content: [{ tag: 'item', attrs: { id: 'A2' } }] }];
  expect(playedInGroup({ tag: 'receipt', attrs, content: items }, mine)).toEqual([
    { kind: 'status', sessionId: 's', messageId: 'A1', status: 'played', at: 9_000, by: '123456789012345@lid' },
    { kind: 'status', sessionId: 's', messageId: 'A2', status: 'played', at: 9_000, by: '123456789012345@lid' },
  ]);
  for (const other of [{ type: 'read' }, { from: ANNA }, { participant: ME_LID }])
    expect(playedInGroup({ tag: 'receipt', attrs: { ...attrs, ...other } }, mine)).toEqual([]);
});

it('keeps nothing of other events', async () => {
  expect(entriesOf('connection.update', { connection: 'open' }, await context())).toEqual([]);
});
