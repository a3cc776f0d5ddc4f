import { createHash, randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { sampleFile, sha256Of, type SampleKind } from '../support/sample-files.js';
import { openScene, pair, type PairedSession, type Scene } from '../support/scene.js';
import { until, type Answer } from '../support/worker-process.js';
import { generatedBytes } from '../whatsapp/media/generated-bytes.js';

const MIB = 1024 * 1024;
const LARGE_BYTES = 100 * MIB;

let scene: Scene;
let alice: PairedSession;
let bob: PairedSession;
let files: Server;
/** What the web server gives, by path. */
const served = new Map<string, Buffer>();

beforeAll(async () => {
  files = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://files');
    const bytes = served.get(pathname);
    if (bytes) response.end(bytes);
    else if (pathname === '/large') Readable.from(generatedBytes(LARGE_BYTES, 'large')).pipe(response);
    else if (searchParams.has('to')) response.writeHead(302, { location: searchParams.get('to') ?? '' }).end();
    else response.writeHead(404).end();
  });
  files.listen(0, '127.0.0.1');
  await once(files, 'listening');
  scene = await openScene({ env: { MEDIA_FETCH_ALLOW: '127.0.0.1', MEDIA_MIN_FREE_BYTES: '0' } });
  alice = await pair(scene, 'alice');
  bob = await pair(scene, 'bob');
}, 240_000);
afterAll(async () => {
  await scene.close();
  files.close();
});

const onServer = (path: string): string => `http://127.0.0.1:${(files.address() as AddressInfo).port}/${path}`;
const urlOf = (name: string, bytes: Buffer): string => {
  served.set(`/${name}`, bytes);
  return onServer(name);
};

const send = async (body: Record<string, unknown>, key?: string): Promise<Answer> =>
  scene.worker.request('POST', '/session/alice/send', body, key === undefined ? {} : { 'idempotency-key': key });

const sendForm = async (fields: Record<string, string>, bytes: Buffer, name: string): Promise<Answer['body']> => {
  const form = new FormData();
  for (const [field, value] of Object.entries(fields)) form.set(field, value);
  form.set('file', new Blob([new Uint8Array(bytes)]), name);
  const response = await fetch(`${scene.worker.baseUrl}/session/alice/send`, { method: 'POST', body: form });
  return (await response.json()) as Answer['body'];
};

const upload = async (bytes: Buffer, type = 'application/octet-stream'): Promise<Record<string, unknown>> => {
  const headers = { 'content-type': type };
  const response = await fetch(`${scene.worker.baseUrl}/session/alice/media`, { method: 'POST', body: new Uint8Array(bytes), headers });
  const { data } = (await response.json()) as Answer['body'];
  return data ?? {};
};

const idOf = ({ body }: Pick<Answer, 'body'>): string => {
  expect(body).toMatchObject({ success: true, data: { status: 'sent' } });
  return String(body.data?.['messageId']);
};

const rowOf = async (session: string, id: string): Promise<Record<string, unknown>> => {
  let row: Record<string, unknown> | undefined;
  await until(
    async () => (row = (await scene.worker.messages(session)).find((message) => message['id'] === id)) !== undefined,
    60_000,
    () => `${session} has no ${id}`,
  );
  return row ?? expect.unreachable();
};

/** Once it is stored. */
const mediaOf = async (session: string, id: string): Promise<Record<string, unknown>> => {
  const media = async () => (await rowOf(session, id))['media'] as Record<string, unknown>;
  await until(
    async () => (await media())['state'] === 'stored',
    60_000,
    () => `${session} did not store the file of ${id}`,
  );
  return media();
};

/** Bob's linked device, whose worker keeps what it says, and Bob's phone, which opens the file. */
const expectArrived = async (
  id: string,
  bytes: Buffer,
  expected: { type: string; details?: object; content?: string | null },
): Promise<void> => {
  const sha256 = sha256Of(bytes);
  const shown = await scene.phones.waitForShown(bob.number, id, 60_000);
  expect(shown.details.media).toMatchObject({ sha256, size: bytes.length });
  const { details = {}, ...rest } = expected;
  for (const session of ['bob', 'alice']) {
    expect(await rowOf(session, id)).toMatchObject({ ...rest, details: { sha256, bytes: bytes.length, ...details } });
  }
  expect(await mediaOf('alice', id)).toMatchObject({ sha256, bytes: bytes.length });
};

/** Once what bob's session downloads meanwhile is there. */
const nothingLeft = async (): Promise<void> => {
  const left = (): string[] => ['tmp', 'staging'].flatMap((folder) => readdirSync(join(scene.dataDir, folder)));
  await until(
    () => left().length === 0,
    60_000,
    () => `left: ${left().join(', ')}`,
  );
};

test.each<[string, SampleKind, number, Record<string, unknown>, { type: string; details?: object; content?: string | null }]>([
  [
    'image',
    'png',
    5 * MIB,
    { caption: 'look' },
    { type: 'image', content: 'look', details: { mimetype: 'image/png', width: 64, height: 48 } },
  ],
  ['image', 'jpeg', 100_000, { viewOnce: true }, { type: 'image', content: null, details: { mimetype: 'image/jpeg', viewOnce: true } }],
  [
    'video',
    'mp4',
    MIB,
    { caption: 'see' },
    { type: 'video', content: 'see', details: { mimetype: 'video/mp4', animated: false, note: false } },
  ],
  ['video', 'mp4', 4_096, { gifPlayback: true }, { type: 'video', details: { animated: true } }],
  ['video', 'mp4', 4_096, { note: true }, { type: 'video', details: { note: true } }],
  ['audio', 'mp3', MIB, {}, { type: 'audio', content: null, details: { mimetype: 'audio/mpeg', voice: false } }],
  ['voice', 'opus', 4_096, {}, { type: 'audio', details: { mimetype: 'audio/ogg; codecs=opus', voice: true } }],
  [
    'document',
    'pdf',
    12 * MIB,
    { caption: 'May' },
    { type: 'document', content: 'May', details: { mimetype: 'application/pdf', fileName: 'a.bin' } },
  ],
  ['document', 'text', 300, { fileName: 'notes.txt' }, { type: 'document', content: null, details: { fileName: 'notes.txt' } }],
  ['sticker', 'webp', 4_096, {}, { type: 'sticker', content: null, details: { mimetype: 'image/webp', animated: false } }],
])('a file fetched from a URL arrives as %s (%s, %i bytes)', async (type, kind, bytes, more, expected) => {
  const file = sampleFile(kind, bytes);
  const id = idOf(await send({ to: bob.number, type, mediaUrl: urlOf('a.bin', file), ...more }));
  await expectArrived(id, file, expected);
  await nothingLeft();
});

test('a file arrives that came in base64, in a form, or before its message', async () => {
  const [png, pdf, mp3] = [sampleFile('png'), sampleFile('pdf', 3 * MIB), sampleFile('mp3')];
  const inJson = idOf(await send({ to: bob.number, type: 'image', media: png.toString('base64') }));
  await expectArrived(inJson, png, { type: 'image' });
  const inForm = idOf({ body: await sendForm({ to: bob.number, type: 'document', caption: 'May' }, pdf, 'May.pdf') });
  await expectArrived(inForm, pdf, { type: 'document', content: 'May', details: { fileName: 'May.pdf' } });
  const { mediaKey, mimetype, sha256 } = await upload(mp3);
  expect({ mimetype, sha256 }).toEqual({ mimetype: 'audio/mpeg', sha256: sha256Of(mp3) });
  for (const type of ['audio', 'document']) {
    await expectArrived(idOf(await send({ to: bob.number, type, mediaKey })), mp3, { type });
  }
  await nothingLeft();
});

test('a document of 100 MiB arrives byte for byte, and is served so to whoever reads', async () => {
  const body = { to: bob.number, type: 'document', mediaUrl: onServer('large'), fileName: 'large.bin' };
  const id = idOf(await send(body));
  const [sent, got] = [createHash('sha256'), createHash('sha256')];
  for await (const piece of generatedBytes(LARGE_BYTES, 'large')) sent.update(piece);
  const sha256 = sent.digest('hex');
  expect((await scene.phones.waitForShown(bob.number, id, 60_000)).details.media).toMatchObject({ sha256, size: LARGE_BYTES });
  const { url } = await mediaOf('bob', id);
  const response = await fetch(scene.worker.baseUrl + String(url));
  for await (const piece of response.body ?? []) got.update(piece as Uint8Array);
  expect(got.digest('hex')).toBe(sha256);
  await nothingLeft();
});

test('a file that came in goes out again by its key, as an answer, and is shown with the message it answers', async () => {
  const file = sampleFile('png');
  const id = idOf(await send({ to: bob.number, type: 'image', media: file.toString('base64') }));
  const { key } = await mediaOf('bob', id);
  const answer = { to: alice.number, type: 'image', mediaKey: key, quoted: id, caption: `@${alice.number}`, mentions: [alice.number] };
  const answerId = idOf(await scene.worker.request('POST', '/session/bob/send', answer));
  expect((await scene.phones.waitForShown(alice.number, answerId, 60_000)).details.media).toMatchObject({ sha256: sha256Of(file) });
  for (const session of ['alice', 'bob']) {
    const row = await rowOf(session, answerId);
    expect(row).toMatchObject({ type: 'image', quoted: { messageId: id, type: 'image' }, mentions: [alice.jid] });
  }
});

test('messages of one chat keep their order, and those of others do not wait for a slow file', async () => {
  const { phones } = scene;
  const carol = (await phones.createPhone({ name: 'Carol' })).number;
  await phones.addFault({ kind: 'media', on: 'upload', type: 'document', effect: 'slow', bytesPerSecond: 400_000, count: 1 });
  const slow = send({ to: bob.number, type: 'document', media: sampleFile('pdf', 800_000).toString('base64') });
  await until(
    async () => (await scene.worker.messages('alice', 1))[0]?.['type'] === 'document',
    60_000,
    () => 'the document was not accepted',
  );
  const after = send({ to: bob.number, type: 'text', message: 'after the file' });
  const other = idOf(await send({ to: carol, type: 'text', message: 'meanwhile' }));
  const [first, second] = [idOf(await slow), idOf(await after)];
  await phones.waitForShown(bob.number, second, 60_000);
  const shown = (await phones.shown(bob.number)).map(({ id }) => id);
  expect(shown.indexOf(first)).toBeLessThan(shown.indexOf(second));
  const times = new Map((await scene.worker.messages('alice')).map((row) => [row['id'], row['timestamp']]));
  expect(times.has(other)).toBe(true);
});

test('a file goes out once although servers fail, and the runner dies while it is uploaded', async () => {
  const { phones, worker } = scene;
  await phones.addFault({ kind: 'media', on: 'upload', effect: 'status', status: 500, count: 1 });
  await phones.addFault({ kind: 'media', on: 'upload', effect: 'cut', afterBytes: 1_000, count: 1 });
  const file = sampleFile('pdf', 2 * MIB);
  const body = { to: bob.number, type: 'document', mediaUrl: urlOf('b.pdf', file) };
  await expectArrived(idOf(await send(body)), file, { type: 'document', details: { fileName: 'b.pdf' } });

  await phones.addFault({ kind: 'media', on: 'upload', effect: 'slow', bytesPerSecond: 100_000, count: 1 });
  const other = sampleFile('pdf', 2 * MIB);
  const again = { ...body, mediaUrl: urlOf('c.pdf', other) };
  const sending = send(again, 'once');
  await until(
    async () => (await phones.faults()).length === 0 || (await phones.faults()).every(({ hits }) => hits > 0),
    60_000,
    () => 'the upload did not begin',
  );
  process.kill(await worker.runnerPidOf('alice'), 'SIGKILL');
  await worker.untilStatus('alice', 'connected');
  await sending;
  let answer = await send(again, 'once');
  await until(
    async () => (answer = await send(again, 'once')).status === 200,
    60_000,
    () => JSON.stringify(answer.body),
  );
  const id = idOf(answer);
  await expectArrived(id, other, { type: 'document' });
  const arrived = (await phones.shown(bob.number)).filter(({ details }) => details.media?.sha256 === sha256Of(other));
  expect(arrived.map((message) => message.id)).toEqual([id]);
  await nothingLeft();
});

test.each<[string, () => Record<string, unknown>, string, RegExp]>([
  ['a voice note that is none', () => ({ type: 'voice', media: sampleFile('mp3').toString('base64') }), 'UNSUPPORTED_MEDIA', /Opus/],
  ['a GIF as an image', () => ({ type: 'image', media: sampleFile('gif').toString('base64') }), 'UNSUPPORTED_MEDIA', /gifPlayback/],
  ['words as an image', () => ({ type: 'image', mediaUrl: urlOf('d', sampleFile('text')) }), 'UNSUPPORTED_MEDIA', /JPEG/],
  ['a sticker of 2 MiB', () => ({ type: 'sticker', mediaUrl: urlOf('e', sampleFile('webp', 2 * MIB)) }), 'PAYLOAD_TOO_LARGE', /1 MiB/],
  ['a URL inside the network', () => ({ type: 'image', mediaUrl: 'http://169.254.169.254/latest' }), 'MEDIA_URL_REFUSED', /not public/],
  [
    'a URL without a file',
    () => ({ type: 'image', mediaUrl: urlOf('f', sampleFile('png')).replace('/f', '/g') }),
    'MEDIA_FETCH_FAILED',
    /404/,
  ],
  ['a key of nothing', () => ({ type: 'image', mediaKey: `media/alice/images/${'0'.repeat(64)}` }), 'MEDIA_NOT_FOUND', /no such file/],
  ['a key of another session', () => ({ type: 'image', mediaKey: `media/bob/images/${'0'.repeat(64)}` }), 'MEDIA_NOT_FOUND', /no file/],
  ['no file', () => ({ type: 'image' }), 'INVALID_REQUEST', /one of mediaUrl/],
  ['what is no base64', () => ({ type: 'image', media: '%%%' }), 'INVALID_REQUEST', /base64/],
])('%s is refused, with a sentence, and leaves nothing', async (_what, body, code, sentence) => {
  const before = (await scene.worker.messages('alice')).length;
  const answer = await send({ to: bob.number, ...body() });
  expect(answer.body).toMatchObject({ success: false, code });
  expect(answer.body.error).toMatch(sentence);
  expect((await scene.worker.messages('alice')).length).toBe(before);
  await nothingLeft();
});

/** On an address of its own that no other test uses, at a port from which files may be fetched. */
const startCanary = async (): Promise<{ address: string; port: number; hits: () => number }> => {
  let hits = 0;
  const canary = createServer((_request, response) => void response.end('what only this machine may see'));
  canary.on('connection', () => hits++);
  onTestFinished(() => void canary.close());
  const address = [127, randomInt(1, 255), randomInt(1, 255), randomInt(1, 255)].join('.');
  const listens = async (port: number): Promise<boolean> => {
    canary.listen(port, address);
    return once(canary, 'listening').then(
      () => true,
      () => false,
    );
  };
  // Somebody may have one of them on every address.
  const port = (await listens(8_080)) ? 8_080 : (await listens(8_443)) ? 8_443 : expect.unreachable('no port of the web is free');
  return { address, port, hits: () => hits };
};

/** An address in every form that a URL can have it. */
const formsOf = (address: string): string[] => {
  const [a = 0, b = 0, c = 0, d = 0] = address.split('.').map(Number);
  const number = ((a * 256 + b) * 256 + c) * 256 + d;
  const [high, low] = [(number >>> 16).toString(16), (number & 0xffff).toString(16)];
  const each = (write: (part: number) => string): string => [a, b, c, d].map(write).join('.');
  return [
    ...[address, `${address}.`, `${a}.${b}.${c * 256 + d}`, `${a}.${(b * 256 + c) * 256 + d}`],
    ...[String(number), `0x${number.toString(16)}`, `0${number.toString(8)}`],
    ...[each((part) => `0x${part.toString(16)}`), each((part) => `0${part.toString(8)}`), each((part) => `0000${part.toString(8)}`)],
    ...[address.replaceAll('.', '%2e'), address.replaceAll('.', '。'), address.replaceAll('.', '｡')],
    address.replace(/\d/g, (digit) => String.fromCodePoint(0xff10 + Number(digit))),
    address.replace(/\d/g, (digit) => `%3${digit}`),
    ...[`[::ffff:${address}]`, `[::ffff:${high}:${low}]`, `[0:0:0:0:0:ffff:${address}]`, `[::${address}]`, `[::${high}:${low}]`],
    ...[`[64:ff9b::${address}]`, `[64:ff9b::${high}:${low}]`, `[2002:${high}:${low}::]`, `[::ffff:0:${address}]`],
  ];
};

test('no URL leads a send to a server of this machine, in whatever form, by itself or by a redirect', async () => {
  const canary = await startCanary();
  const direct = formsOf(canary.address).map((host) => `http://${host}:${canary.port}/a.png`);
  const redirected = direct.map((url) => `${onServer('')}?to=${encodeURIComponent(url.replace(/[^ -~]/gu, encodeURIComponent))}`);
  const disguised = ['user@', 'user:password@', '1.1.1.1:80@', '1.1.1.1%2f@'].map((user) =>
    direct[0]?.replace('http://', `http://${user}`),
  );
  expect(direct.length + redirected.length).toBeGreaterThan(45);
  for (const mediaUrl of [...direct, ...redirected, ...disguised]) {
    const { body } = await send({ to: bob.number, type: 'document', mediaUrl });
    expect({ mediaUrl, code: body.code }).toMatchObject({ code: expect.stringMatching(/^(MEDIA_URL_REFUSED|INVALID_REQUEST)$/) as string });
    expect({ mediaUrl, hits: canary.hits() }).toMatchObject({ hits: 0 });
  }
  // It can be reached, and counts.
  await fetch(`http://${canary.address}:${canary.port}/`);
  expect(canary.hits()).toBe(1);
});
