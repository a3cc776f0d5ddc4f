import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { byteRange } from '../../../supervisor/http/byte-range.js';
import { dispositionOf, harmlessType } from '../../../supervisor/http/media-headers.js';
import { tempFolder } from '../store/temp-store.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';

closeServersAfterEach();

const CONTENT = '0123456789';
const ETAG = `"${createHash('sha256').update(CONTENT).digest('hex')}"`;

let fixture: Fixture;
let released: { times: number };
const path = '/session/s1/media/M1';
const offer = (content: string | Buffer, mimetype = 'image/png', fileName?: string): void => {
  const file = join(tempFolder(), 'file');
  writeFileSync(file, content);
  const sha256 = createHash('sha256').update(content).digest('hex');
  const counted = (released = { times: 0 });
  const release = (): void => void counted.times++;
  fixture.worker.files.set('M1', { path: file, bytes: Buffer.byteLength(content), sha256, mimetype, fileName, messageId: 'M1', release });
};
const get = async (headers: Record<string, string> = {}, method = 'GET'): Promise<Response & { body: unknown; said: string }> => {
  const response = await fetch(fixture.baseUrl + path, { method, headers: { Authorization: `Bearer ${TOKEN}`, ...headers } });
  return Object.assign(response, { said: await response.text() });
};
const one = (response: Response, ...names: string[]): (string | null)[] => names.map((name) => response.headers.get(name));

beforeEach(async () => {
  fixture = await startServer();
  await fixture.worker.sessions.create({ sessionId: 's1' });
  offer(CONTENT);
});

describe('GET /session/:id/media/:messageId', () => {
  it('gives the file to be saved, under headers that let a browser run nothing of it', async () => {
    const response = await get();
    expect([response.status, response.said]).toEqual([200, CONTENT]);
    expect(Object.fromEntries(response.headers)).toMatchObject({
      'content-type': 'image/png',
      'content-length': '10',
      'content-disposition': `attachment; filename="M1.png"; filename*=UTF-8''M1.png`,
      'x-content-type-options': 'nosniff',
      'content-security-policy': "default-src 'none'; sandbox",
      'accept-ranges': 'bytes',
      etag: ETAG,
    });
    await vi.waitFor(() => expect(released.times).toBe(1));
  });

  it.each([
    ['bytes=2-4', '234', 'bytes 2-4/10'],
    ['bytes=7-', '789', 'bytes 7-9/10'],
    ['bytes=-3', '789', 'bytes 7-9/10'],
    ['bytes=-99', CONTENT, 'bytes 0-9/10'],
    ['bytes=8-99', '89', 'bytes 8-9/10'],
  ])('gives the range %s', async (range, expected, told) => {
    const response = await get({ Range: range });
    expect([response.status, response.said, ...one(response, 'content-range', 'content-length')]).toEqual([
      ...[206, expected, told],
      String(expected.length),
    ]);
  });

  it.each(['bytes=10-', 'bytes=-0', 'bytes=0-1,4-5'])('refuses the range %s with the size', async (range) => {
    const response = await get({ Range: range });
    expect([response.status, ...one(response, 'content-range')]).toEqual([416, 'bytes */10']);
    expect(JSON.parse(response.said)).toMatchObject({ success: false, code: 'RANGE_NOT_SATISFIABLE' });
    await vi.waitFor(() => expect(released.times).toBe(1));
  });

  it.each(['bytes=4-2', 'bytes=-', 'lines=1-2', 'bytes=a-b', 'bytes=1-2-3'])('takes no notice of the range %s', async (range) => {
    expect(await get({ Range: range })).toMatchObject({ status: 200, said: CONTENT });
  });

  it('gives a range only of the file that the client knows', async () => {
    expect(await get({ Range: 'bytes=0-0', 'If-Range': ETAG })).toMatchObject({ status: 206, said: '0' });
    expect(await get({ Range: 'bytes=0-0', 'If-Range': '"other"' })).toMatchObject({ status: 200, said: CONTENT });
  });

  it.each([ETAG, `W/${ETAG}`, `"other", ${ETAG}`, '*'])('sends nothing to who has it: %s', async (known) => {
    expect(await get({ 'If-None-Match': known })).toMatchObject({ status: 304, said: '' });
    await vi.waitFor(() => expect(released.times).toBe(1));
  });

  it('answers HEAD as it would GET, without the file', async () => {
    const response = await get({}, 'HEAD');
    expect([response.status, response.said, ...one(response, 'content-length', 'etag')]).toEqual([200, '', '10', ETAG]);
    await vi.waitFor(() => expect(released.times).toBe(1));
  });

  it('gives an empty file', async () => {
    offer('');
    expect(await get()).toMatchObject({ status: 200, said: '' });
    expect(await get({ Range: 'bytes=0-' })).toMatchObject({ status: 416 });
  });

  it('frees the file when the client goes away in the middle', async () => {
    offer(Buffer.alloc(50_000_000));
    await new Promise<void>((resolve, reject) => {
      request(fixture.baseUrl + path, { headers: { Authorization: `Bearer ${TOKEN}` } }, (response) => {
        response.once('data', () => {
          response.destroy();
          resolve();
        });
      })
        .on('error', reject)
        .end();
    });
    await vi.waitFor(() => expect(released.times).toBe(1));
    expect(fixture.lines.filter(({ level }) => Number(level) >= 50)).toEqual([]);
  });

  it('says that there is no such message', async () => {
    expect(await fixture.call('GET', '/session/s1/media/other')).toMatchObject({ status: 404, body: { code: 'MESSAGE_NOT_FOUND' } });
    expect(await fixture.call('GET', '/session/none/media/M1')).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } });
  });
});

it.each([
  ['text/html', 'application/octet-stream'],
  ['image/svg+xml', 'application/octet-stream'],
  ['application/xhtml+xml', 'application/octet-stream'],
  ['application/vnd.mozilla.xul+xml', 'application/octet-stream'],
  ['text/javascript', 'application/octet-stream'],
  ['image/png\r\nX-Evil: 1', 'application/octet-stream'],
  [undefined, 'application/octet-stream'],
  ['image/JPEG', 'image/jpeg'],
  ['text/plain', 'text/plain; charset=utf-8'],
  ['audio/ogg; codecs=opus', 'audio/ogg; codecs=opus'],
  ['audio/ogg; charset=evil', 'audio/ogg'],
  [
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  ],
])('sends %s as %s', (mimetype, expected) => {
  expect(harmlessType(mimetype)).toBe(expected);
});

it.each([
  ['invoice.pdf', `filename="invoice.pdf"; filename*=UTF-8''invoice.pdf`],
  ['Rechnung „Mai“.pdf', `filename="Rechnung _Mai_.pdf"; filename*=UTF-8''Rechnung%20%E2%80%9EMai%E2%80%9C.pdf`],
  ['../../etc/passwd', `filename="_.._etc_passwd"; filename*=UTF-8''_.._etc_passwd`],
  ['a"\r\nX-Evil: 1', `filename="a___X-Evil_ 1"; filename*=UTF-8''a___X-Evil_%201`],
  ['photo\u202egpj.exe', `filename="photo_gpj.exe"; filename*=UTF-8''photo_gpj.exe`],
  [`${'x'.repeat(300)}.pdf`, `filename="${'x'.repeat(146)}.pdf"; filename*=UTF-8''${'x'.repeat(146)}.pdf`],
  ['...', `filename="M1.bin"; filename*=UTF-8''M1.bin`],
  [undefined, `filename="M1.bin"; filename*=UTF-8''M1.bin`],
  ["it's (1)*.txt", `filename="it's (1)_.txt"; filename*=UTF-8''it%27s%20%281%29_.txt`],
])('calls a file %j so that it can be saved', (fileName, expected) => {
  expect(dispositionOf({ fileName, messageId: 'M1', mimetype: undefined })).toBe(`attachment; ${expected}`);
});

it('reads no range into what has none', () => {
  expect([byteRange(undefined, 5), byteRange('bytes=0-', 0), byteRange(`bytes=${'9'.repeat(16)}-`, 5)]).toEqual([
    undefined,
    'unsatisfiable',
    undefined,
  ]);
});
