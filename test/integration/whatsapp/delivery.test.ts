import { expect, test } from 'vitest';
import { setUp } from './setting.js';

const DELIVERED = 3;

test('what a device missed waits for it and comes in order at its next login', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  companion.vanish();
  const texts = Array.from({ length: 30 }, (_, index) => `missed ${index}`);
  for (const text of texts) await client.send(bob.number, ann.number, text);
  expect((await client.phone(ann.number)).devices[0]?.queued).toBe(30);
  await companion.login();
  await companion.until('all messages', () => companion.received.length === 30);
  expect(companion.texts().map(([, text]) => text)).toEqual(texts);
  expect(companion.received.every(({ type }) => type === 'append')).toBe(true);
  await expect.poll(async () => (await client.phone(ann.number)).devices[0]?.queued).toBe(0);
});

test('a message whose receipt never came is sent again at the next login', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await client.addFault({ kind: 'stanza', direction: 'in', match: { tag: 'receipt' }, action: 'swallow' });
  const id = await client.send(bob.number, ann.number, 'confirm me');
  await companion.untilText('confirm me');
  companion.vanish();
  await client.clearFaults();
  expect((await client.phone(ann.number)).devices[0]?.queued).toBe(1);
  await companion.login();
  // Its session has moved on: it refuses the old ciphertext or asks for a new one.
  await expect.poll(async () => (await client.phone(ann.number)).devices[0]?.queued).toBe(0);
  const relayed = (await client.trace(id)).events.filter(({ step, device }) => step === 'relayed' && device.includes(':1@'));
  expect(relayed.length).toBeGreaterThanOrEqual(2);
  expect((await client.stats()).messages['redelivered']).toBe(1);
});

test('asking for messages again on one connection repeats nothing', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await client.addFault({ kind: 'stanza', direction: 'in', match: { tag: 'receipt' }, action: 'swallow' });
  await client.send(bob.number, ann.number, 'once');
  await companion.untilText('once');
  const nudge = { tag: 'iq', attrs: { to: '@s.whatsapp.net', xmlns: 'passive', type: 'set' }, content: [{ tag: 'active', attrs: {} }] };
  await companion.socket.query(nudge);
  await client.clearFaults();
  await client.send(bob.number, ann.number, 'twice');
  await companion.untilText('twice');
  expect(companion.texts()).toHaveLength(2);
});

test('a phone that cannot decrypt asks again, and the linked device that wrote encrypts anew', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const first = await companion.send(bob.number, 'first');
  await companion.untilStatus(first, DELIVERED);
  await client.send(bob.number, ann.number, 'an answer');
  await companion.untilText('an answer');
  await client.forgetSessions(bob.number);
  const second = await companion.send(bob.number, 'second');
  expect(await client.waitForShown(bob.number, second)).toMatchObject({ text: 'second' });
  expect((await client.stats()).retries['phone']).toBeGreaterThanOrEqual(1);
  await companion.untilStatus(second, DELIVERED);
});

test("the author's own phone asks again too", async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await companion.untilStatus(await companion.send(bob.number, 'first'), DELIVERED);
  await client.send(ann.number, bob.number, 'from the phone');
  await companion.untilText('from the phone');
  await client.forgetSessions(ann.number);
  const id = await companion.send(bob.number, 'second');
  expect(await client.waitForShown(ann.number, id)).toMatchObject({ fromMe: true, chat: bob.number });
});

test('a linked device that cannot decrypt asks again, and the phone that wrote encrypts anew', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await client.addFault({ kind: 'stanza', direction: 'out', match: { tag: 'message' }, action: 'corrupt', count: 1 });
  const id = await client.send(bob.number, ann.number, 'garbled once');
  await companion.untilText('garbled once');
  const { retries, nacksIn } = await client.stats();
  expect(retries).toEqual({ companion: 1 });
  expect(nacksIn).toEqual({ '500': 1 });
  expect(await client.waitForReceipt(bob.number, ({ id: seen }) => seen === id)).toMatchObject({ type: 'delivered' });
});

test('a linked device that cannot decrypt asks the linked device that wrote', async () => {
  const { client, link } = await setUp();
  const { companion: annDevice } = await link('Ann');
  const { phone: bob, companion: bobDevice } = await link('Bob');
  await annDevice.send(bob.number, 'first');
  await bobDevice.untilText('first');
  await client.addFault({
    kind: 'stanza',
    direction: 'out',
    match: { tag: 'message' },
    action: 'corrupt',
    target: { number: bob.number },
    count: 1,
  });
  await annDevice.send(bob.number, 'second');
  await bobDevice.untilText('second');
  expect((await client.stats()).retries).toEqual({ companion: 1 });
});

test('a message sent again under its id after its acknowledgement was lost arrives twice and is shown once', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { companion } = await link();
  await client.addFault({ kind: 'stanza', direction: 'out', match: { tag: 'ack', class: 'message' }, action: 'swallow', count: 1 });
  const acks: string[] = [];
  companion.socket.ws.on('CB:ack,class:message', ({ attrs }: { attrs: { id: string } }) => acks.push(attrs.id));
  const id = await companion.send(bob.number, 'was it sent?');
  await client.waitForShown(bob.number, id);
  expect(acks).toEqual([]);
  await companion.send(bob.number, 'was it sent?', id);
  await client.waitForArrived(bob.number, ({ seq }) => seq === 2);
  expect(await client.arrived(bob.number)).toMatchObject([
    { id, shown: true },
    { id, shown: false },
  ]);
  expect(await client.shown(bob.number)).toHaveLength(1);
  expect(acks).toEqual([id]);
});

test('a swallowed message reaches nobody', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { companion } = await link();
  await client.addFault({ kind: 'stanza', direction: 'in', match: { tag: 'message' }, action: 'swallow', count: 1 });
  const lost = await companion.send(bob.number, 'lost');
  const found = await companion.send(bob.number, 'found');
  await client.waitForShown(bob.number, found);
  expect(await client.shown(bob.number)).toMatchObject([{ id: found }]);
  expect((await client.trace(lost)).events).toEqual([]);
});

test('a delayed message comes late, a duplicated one twice', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await client.send(bob.number, ann.number, 'opens the session');
  await companion.untilText('opens the session');
  await client.addFault({
    kind: 'stanza',
    direction: 'out',
    match: { tag: 'message', id: 'LATE' },
    action: 'delay',
    delayMs: 6_000,
    count: 1,
  });
  await client.send(bob.number, ann.number, 'late', 'LATE');
  await client.send(bob.number, ann.number, 'soon', 'SOON');
  await companion.untilText('late');
  expect(companion.texts().map(([, text]) => text)).toEqual(['opens the session', 'soon', 'late']);

  await client.addFault({ kind: 'stanza', direction: 'in', match: { tag: 'message' }, action: 'duplicate', count: 1 });
  const id = await companion.send(bob.number, 'echo');
  await client.waitForShown(bob.number, id);
  // More, when the phone asked again for the one that it could not decrypt a second time.
  await expect.poll(async () => (await client.trace(id)).events.filter(({ step }) => step === 'accepted').length).toBeGreaterThanOrEqual(2);
});
