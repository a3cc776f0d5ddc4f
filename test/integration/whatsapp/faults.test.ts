import { expect, test } from 'vitest';
import { setUp } from './setting.js';

const PING = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:p' }, content: [{ tag: 'ping', attrs: {} }] };

test('a deaf session hears nothing while its socket stays open, and everything later', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await client.addFault({ kind: 'stanza', direction: 'out', action: 'swallow', target: { number: ann.number } });
  await client.send(bob.number, ann.number, 'can you hear me?');
  const pong: unknown = await companion.socket.query(structuredClone(PING), 300).catch(() => undefined);
  expect(pong).toBeUndefined();
  expect(companion.open).toBe(true);
  expect(companion.received).toEqual([]);
  await client.clearFaults();
  companion.vanish();
  await companion.login();
  await companion.untilText('can you hear me?');
});

test('a frozen connection neither reads nor writes until it is thawed', async () => {
  const { client, link } = await setUp();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  await client.waitForShown(bob.number, await companion.send(bob.number, 'opens the session'));
  const { id: fault } = await client.addFault({ kind: 'freeze', target: { number: ann.number } });
  const id = await companion.send(bob.number, 'frozen');
  await client.send(bob.number, ann.number, 'also frozen');
  expect(await companion.socket.query(structuredClone(PING), 300).catch(() => undefined)).toBeUndefined();
  expect(await client.shown(bob.number)).toHaveLength(1);
  expect(companion.received.filter(({ message }) => !message.key.fromMe)).toEqual([]);
  await client.clearFaults(fault);
  await client.waitForShown(bob.number, id);
  await companion.untilText('also frozen');
});

test('garbage of every form reaches the client', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  const target = { number: phone.number };
  const bytes: number[] = [];
  companion.socket.ws.on('frame', (frame: { tag?: string }) => {
    if (frame.tag === 'garbage') bytes.push(1);
  });
  expect(await client.sendGarbage('node', target)).toBe(1);
  await companion.socket.query(structuredClone(PING));
  expect(bytes).toEqual([1]);

  for (const form of ['plaintext', 'ciphertext'] as const) {
    // Baileys leaves what it cannot read as an unhandled rejection; here it is caught to be seen.
    const { ws } = companion.socket;
    const [listener] = ws.listeners('message') as ((data: Buffer) => Promise<void>)[];
    ws.removeAllListeners('message');
    const failure = new Promise((resolve) => {
      ws.on('message', (data: Buffer) => void listener?.(data).catch(resolve));
    });
    await client.sendGarbage(form, target);
    expect(await failure).toBeInstanceOf(Error);
    companion.vanish();
    await companion.login();
  }
});

test('queries the simulated WhatsApp does not know get a plain result and are counted', async () => {
  const { client, link } = await setUp();
  const { companion } = await link();
  const query = { tag: 'iq', attrs: { to: '@s.whatsapp.net', type: 'get', xmlns: 'w:new' }, content: [{ tag: 'thing', attrs: {} }] };
  expect(await companion.socket.query(query)).toMatchObject({ attrs: { type: 'result' } });
  expect((await client.stats()).unknownIqs).toEqual({ 'w:new/get/thing': 1 });
});

test('a normal login asks nothing that is unknown', async () => {
  const { client, link } = await setUp();
  const { companion } = await link();
  companion.vanish();
  await companion.login();
  await companion.socket.fetchPrivacySettings(true);
  await companion.socket.fetchBlocklist();
  expect((await client.stats()).unknownIqs).toEqual({});
});
