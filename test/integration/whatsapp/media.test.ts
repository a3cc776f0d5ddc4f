import { spawn } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { Readable } from 'node:stream';
import { downloadMediaMessage, type WAMessage } from '@whiskeysockets/baileys';
import { expect, test } from 'vitest';
import { generatedBytes } from '../../whatsapp/media/generated-bytes.js';
import { setUpWithMedia } from './setting.js';

const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
const download = async (message: WAMessage): Promise<Buffer> => downloadMediaMessage(message, 'buffer', {});

test('a phone sends each kind of file, and Baileys downloads what was sent', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const bytes = randomBytes(5_000);
  for (const type of ['image', 'video', 'gif', 'audio', 'voice', 'document', 'sticker'] as const) {
    const media = { type, bytes: bytes.toString('base64'), fileName: 'a.bin', ...(type === 'image' && { caption: 'look' }) };
    const id = await client.sendMessage(bob.number, { to: ann.number, media });
    const received = await companion.untilMessage(id);
    expect(sha256(await download(received)), type).toBe(sha256(bytes));
    expect(await client.waitForShown(ann.number, id)).toMatchObject({ details: { media: { type, sha256: sha256(bytes), problem: null } } });
    await client.waitForReceipt(bob.number, id);
  }
  expect(companion.received[0]?.message.message?.imageMessage).toMatchObject({ caption: 'look', mimetype: 'image/jpeg' });
  expect((await client.stats()).media).toEqual({ downloads: 7 });
});

test('what Baileys uploads is shown on the phone with its name, caption and digest', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { companion } = await link();
  const bytes = randomBytes(300_000);
  const stream = Readable.from([bytes.subarray(0, 100_000), bytes.subarray(100_000)]);
  const document = await companion.sendContent(bob.jid, {
    document: { stream },
    mimetype: 'application/pdf',
    fileName: 'bill.pdf',
    caption: 'the bill',
  });
  expect(await client.waitForShown(bob.number, document)).toMatchObject({
    content: 'documentMessage',
    text: 'the bill',
    details: {
      media: { type: 'document', fileName: 'bill.pdf', mimetype: 'application/pdf', size: 300_000, sha256: sha256(bytes), problem: null },
    },
  });
  const voice = await companion.sendContent(bob.jid, { audio: bytes, ptt: true, seconds: 3, mimetype: 'audio/ogg; codecs=opus' });
  expect(await client.waitForShown(bob.number, voice)).toMatchObject({ details: { media: { type: 'voice', seconds: 3, size: 300_000 } } });
  const video = await companion.sendContent(bob.jid, { video: bytes, viewOnce: true, jpegThumbnail: '' });
  expect(await client.waitForShown(bob.number, video)).toMatchObject({ details: { media: { type: 'video', viewOnce: true } } });
});

test('generated files of any size are the same for the same seed, and travel in parts', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const id = await client.sendMessage(bob.number, { to: ann.number, id: 'BIG', media: { type: 'document', size: 3_000_001 } });
  const digest = createHash('sha256');
  for await (const piece of generatedBytes(3_000_001, 'BIG')) digest.update(piece);
  const received = await companion.untilMessage(id);
  expect(sha256(await download(received))).toBe(digest.digest('hex'));
  const { url } = received.message?.documentMessage ?? {};
  const part = await fetch(url ?? '', { headers: { range: 'bytes=10-19' } });
  expect([part.status, part.headers.get('content-range')]).toEqual([206, 'bytes 10-19/3000026']);
  expect((await part.arrayBuffer()).byteLength).toBe(10);
  const beyond = await fetch(url ?? '', { headers: { range: 'bytes=4000000-' } });
  expect([beyond.status, beyond.headers.get('content-range')]).toEqual([416, 'bytes */3000026']);
});

test('uploads fail as told: refused, broken off, other bytes; slow ones arrive', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { companion } = await link();
  const send = async (): Promise<string> => companion.sendContent(bob.jid, { document: randomBytes(2_000), mimetype: 'text/plain' });
  for (const fault of [
    { effect: 'status', status: 507 },
    { effect: 'cut', afterBytes: 100 },
  ] as const) {
    await client.addFault({ kind: 'media', on: 'upload', ...fault, count: 1 });
    await expect(send()).rejects.toThrow('Media upload failed');
    expect(await client.faults()).toEqual([]);
  }
  await client.addFault({ kind: 'media', on: 'upload', effect: 'corrupt', count: 1 });
  const spoilt = await send();
  expect(await client.waitForShown(bob.number, spoilt)).toMatchObject({
    details: { media: { sha256: null, problem: expect.any(String) as string } },
  });
  await client.addFault({ kind: 'media', on: 'upload', effect: 'slow', bytesPerSecond: 20_000, count: 1 });
  const slow = await send();
  expect(await client.waitForShown(bob.number, slow)).toMatchObject({ details: { media: { size: 2_000, problem: null } } });
});

test('downloads fail as told: expired, broken off, other bytes', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const id = await client.sendMessage(bob.number, { to: ann.number, media: { type: 'image', size: 200_000 } });
  const received = await companion.untilMessage(id);
  const url = received.message?.imageMessage?.url ?? '';
  await client.addFault({ kind: 'media', on: 'download', type: 'image', effect: 'status', count: 1 });
  expect((await fetch(url)).status).toBe(410);
  await client.addFault({ kind: 'media', on: 'download', effect: 'cut', afterBytes: 1_000, count: 1 });
  const cut = await fetch(url);
  await expect(cut.arrayBuffer()).rejects.toThrow('terminated');
  await client.addFault({ kind: 'media', on: 'download', effect: 'corrupt', count: 1 });
  const spoilt = Buffer.from(await (await fetch(url)).arrayBuffer());
  const whole = Buffer.from(await (await fetch(url)).arrayBuffer());
  expect(spoilt.subarray(1).equals(whole.subarray(1))).toBe(true);
  expect(spoilt.equals(whole)).toBe(false);
});

test('an expired file is there again after Baileys asked the phone to upload it', async () => {
  const { client, link } = await setUpWithMedia();
  const bob = await client.createPhone();
  const { phone: ann, companion } = await link();
  const id = await client.sendMessage(bob.number, { to: ann.number, media: { type: 'image', size: 1_000 } });
  const received = await companion.untilMessage(id);
  // Without it Baileys would look for the file at the real WhatsApp.
  await companion.socket.refreshMediaConn();
  const { details } = await client.waitForShown(ann.number, id);
  await client.expireMedia(details.media?.directPath ?? '');
  await expect(download(received)).rejects.toThrow('Failed to fetch');
  await companion.socket.updateMediaMessage(received);
  expect((await download(received)).length).toBe(1_000);
  expect((await client.stats()).media).toMatchObject({ 'refused 404': 1, 'uploaded again': 1 });
});

test('an upload needs the auth of media_conn and the name of its bytes', async () => {
  const { whatsapp, link } = await setUpWithMedia();
  const { companion } = await link();
  const { auth } = await companion.socket.refreshMediaConn();
  const post = async (name: string, given: string): Promise<number> =>
    (await fetch(`${whatsapp.mediaUrl}/mms/image/${name}?auth=${given}&token=${name}`, { method: 'POST', body: 'bytes' })).status;
  const name = createHash('sha256').update('bytes').digest('base64url');
  expect(await post(name, 'guessed')).toBe(401);
  expect(await post('A'.repeat(43), encodeURIComponent(auth))).toBe(400);
  expect(await post(name, encodeURIComponent(auth))).toBe(200);
  expect((await fetch(`${whatsapp.mediaUrl}/v/image/../../etc/passwd`)).status).toBe(404);
});

test('NODE_EXTRA_CA_CERTS is all that a process needs to download', async () => {
  const { whatsapp } = await setUpWithMedia();
  const script = `fetch('${whatsapp.mediaUrl}/v/image/${'A'.repeat(43)}').then((r) => process.exit(r.status === 404 ? 0 : 1), () => process.exit(2))`;
  const exitOf = async (env: Record<string, string>): Promise<unknown> =>
    (await once(spawn(process.execPath, ['-e', script], { env, stdio: 'ignore' }), 'exit'))[0];
  expect(await exitOf({ NODE_EXTRA_CA_CERTS: whatsapp.caFile })).toBe(0);
  expect(await exitOf({})).toBe(2);
});
