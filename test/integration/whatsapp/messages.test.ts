import { expect, test } from 'vitest';
import { setUp } from './setting.js';

const DELIVERED = 3;
const READ = 4;

test('a phone and a linked device text each other, and the sender sees delivered and read', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone({ name: 'Bob' });
  const { phone: ann, companion } = await link('Ann');

  await client.send(bob.number, ann.number, 'hello Ann', 'FIXED1');
  await companion.untilText('hello Ann');
  expect(companion.received[0]?.message).toMatchObject({ pushName: 'Bob', key: { id: 'FIXED1', fromMe: false } });
  await client.waitForReceipt(bob.number, 'FIXED1');

  const id = await companion.send(bob.number, 'hello Bob');
  expect(await client.waitForShown(bob.number, id)).toMatchObject({
    text: 'hello Bob',
    sender: ann.number,
    senderDevice: 1,
    fromMe: false,
  });
  expect(await client.waitForShown(ann.number, id)).toMatchObject({ chat: bob.number, fromMe: true });
  await companion.untilStatus(id, DELIVERED);
  expect(await client.markRead(bob.number, { from: ann.number })).toBe(1);
  await companion.untilStatus(id, READ);
  expect(await client.markRead(bob.number, { ids: [id] })).toBe(0);
});

test('a linked device that reads a message lets its author know', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const id = await client.send(bob.number, ann.number, 'read me');
  await companion.untilText('read me');
  await companion.socket.readMessages([companion.received[0]?.message.key ?? {}]);
  expect(await client.waitForReceipt(bob.number, ({ type }) => type === 'read')).toMatchObject({ id, from: ann.number });
});

test('two linked devices of different accounts text each other', async () => {
  const { client, link } = await setUp();
  const { phone: ann, companion: annDevice } = await link('Ann');
  const { phone: bob, companion: bobDevice } = await link('Bob');
  const first = await annDevice.send(bob.number, 'from Ann');
  await bobDevice.untilText('from Ann');
  await annDevice.untilStatus(first, DELIVERED);
  const second = await bobDevice.send(ann.number, 'from Bob');
  await annDevice.untilText('from Bob');
  await client.waitForShown(ann.number, second);
  await client.waitForShown(bob.number, first);
  expect(Object.keys((await client.stats()).retries)).toEqual([]);
});

test('what a phone sends itself reaches its own linked devices as their own message', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const id = await client.send(ann.number, bob.number, 'from my phone');
  await companion.untilText('from my phone');
  expect(companion.received[0]?.message.key).toMatchObject({ id, fromMe: true, remoteJid: bob.jid });
});

test('what one linked device sends reaches the other device of the account', async () => {
  const { client, link, device } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion: first } = await link();
  await first.send(bob.number, 'before there was a second device');
  const second = await device().pair(client, ann.number);
  await first.send(bob.number, 'for both');
  await second.untilText('for both');
  expect(second.received[0]?.message.key.fromMe).toBe(true);
});

test('a number without a phone is not on WhatsApp', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  expect(await companion.socket.onWhatsApp(bob.number, '628999999999')).toEqual([{ jid: bob.jid, exists: true }]);
  await expect(client.send(ann.number, '628999999999', 'anyone?')).rejects.toMatchObject({ status: 404, code: 'NOT_ON_WHATSAPP' });
});

test('an offline phone gets its messages, and confirms them, when it is back', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { companion } = await link();
  await client.setOnline(bob.number, false);
  const id = await companion.send(bob.number, 'are you there?');
  await client.waitForShown((await client.listPhones())[1]?.number ?? '', id);
  expect(await client.shown(bob.number)).toEqual([]);
  await client.setOnline(bob.number, true);
  await client.waitForShown(bob.number, id);
  await companion.untilStatus(id, DELIVERED);
});

test('a message carries a trace from its author to every device', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { companion } = await link();
  const id = await companion.send(bob.number, 'follow me');
  await companion.untilStatus(id, DELIVERED);
  const steps = (await client.trace(id)).events.filter(({ device }) => device === bob.jid).map(({ step }) => step);
  expect(steps).toEqual(['relayed', 'decrypted', 'shown', 'receipt']);
});

test('each first message takes a one-time key, and a device that runs low uploads more', async () => {
  const { client, link } = await setUp();
  const { phone: ann, companion } = await link();
  const writers = await Promise.all([client.createPhone(), client.createPhone()]);
  expect((await client.drainKeys(ann.number, 1, 6)).devices[0]?.preKeys).toBe(6);
  for (const { number } of writers) await client.send(number, ann.number, `hello from ${number}`);
  await companion.until('both messages', () => companion.received.length === 2);
  await expect.poll(async () => (await client.phone(ann.number)).devices[0]?.preKeys).toBeGreaterThan(5);
  await client.drainKeys(ann.number, 1, 0);
  const late = await client.createPhone();
  await client.send(late.number, ann.number, 'without a one-time key');
  await companion.untilText('without a one-time key');
});

test('a newly linked device gets the chats of its phone, and does not wait for them', async () => {
  const { client, device } = await setUp();
  const [ann, bob] = await Promise.all([client.createPhone(), client.createPhone()]);
  await client.send(bob.number, ann.number, 'long ago');
  await client.waitForShown(ann.number, ({ text }) => text === 'long ago');
  const companion = device();
  const histories: string[] = [];
  companion.onHistory = (messages) => histories.push(...messages.map(({ message }) => message?.conversation ?? ''));
  await companion.pair(client, ann.number);
  await companion.until('the history', () => histories.length > 0);
  expect(histories).toEqual(['long ago']);
  await client.send(bob.number, ann.number, 'and now');
  await companion.untilText('and now');
});

test('a text to a LID reaches the same phone and devices as one to the number', async () => {
  const { client, link } = await setUp();
  const { companion: annDevice } = await link('Ann');
  const { phone: bob, companion: bobDevice } = await link('Bob');
  const message = await annDevice.socket.sendMessage(bob.lid, { text: 'by LID' });
  const id = message?.key.id ?? '';
  await bobDevice.untilText('by LID');
  expect(await client.waitForShown(bob.number, id)).toMatchObject({ text: 'by LID', fromMe: false });
  await annDevice.untilStatus(id, DELIVERED);
  expect((await client.stats()).retries).toEqual({});
});

test('a text to a number that nobody has is refused with an error', async () => {
  const { client, link } = await setUp();
  const { companion } = await link();
  const errors: string[] = [];
  companion.socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: { error?: string } }) => errors.push(attrs.error ?? 'none'));
  await companion.send('628999999999', 'anyone?');
  await expect.poll(() => errors).toEqual(['404']);
  expect((await client.stats()).messages).toMatchObject({ refused: 1 });
});
