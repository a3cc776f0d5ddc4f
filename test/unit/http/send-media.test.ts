import { request as httpRequest } from 'node:http';
import { describe, expect, it } from 'vitest';
import { eventually } from '../../fixtures/eventually.js';
import { requestBytes, sendRaw, type RawAnswer } from '../../contract/raw-request.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';

closeServersAfterEach();

const TO = '6281234567890';
const ANNA = `${TO}@s.whatsapp.net`;
const SEND = '/session/alice/send';
const MEDIA = '/session/alice/media';
const EDGE = 'the-edge';
const FORM = { 'Content-Type': `multipart/form-data; boundary=${EDGE}` };

const connected = async (): Promise<Fixture> => {
  const fixture = await startServer();
  await fixture.worker.sessions.create({ sessionId: 'alice' });
  fixture.worker.set('alice', 'connected', 'opened');
  return fixture;
};

const field = (name: string, value: string): string => `Content-Disposition: form-data; name="${name}"\r\n\r\n${value}`;
const file = (bytes: string, name = 'a.pdf'): string =>
  `Content-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: application/pdf\r\n\r\n${bytes}`;
const form = (...parts: string[]): string => `${parts.map((part) => `--${EDGE}\r\n${part}\r\n`).join('')}--${EDGE}--\r\n`;

const post = async (
  { baseUrl }: Fixture,
  path: string,
  body: string | Buffer,
  headers: Record<string, string> = FORM,
): Promise<RawAnswer & { json: Record<string, unknown> }> => {
  const answer = await sendRaw(
    baseUrl,
    requestBytes({ method: 'POST', path, body, headers: { Authorization: `Bearer ${TOKEN}`, ...headers } }),
  );
  return { ...answer, json: JSON.parse(answer.body) as Record<string, unknown> };
};

/** Of a file that came with the request nothing stays, whatever became of it. */
const expectNothingLeft = async ({ worker, lines }: Fixture): Promise<void> => {
  await eventually(() => worker.uploads.staged.size === 0, 'the file to be gone');
  expect(lines.filter(({ level }) => Number(level) >= 40)).toEqual([]);
};

describe('a send with a file', () => {
  it.each<[Record<string, unknown>, unknown]>([
    [{ type: 'image', mediaUrl: 'https://example.com/a.png', caption: 'A' }, 'https://example.com/a.png'],
    [{ type: 'document', mediaKey: 'media/alice/documents/00', quoted: '3EB0', fileName: '../a/b.pdf' }, 'media/alice/documents/00'],
    [{ type: 'video', media: 'AAAA', gifPlayback: true }, expect.stringMatching(/^[0-9a-f]{64}$/)],
  ])('of %j is one wish, whatever it is made of later', async (body, source) => {
    const fixture = await connected();
    expect((await fixture.call('POST', SEND, { to: TO, ...body })).status).toBe(200);
    const [sent] = fixture.worker.sent;
    expect(sent).toMatchObject({ to: ANNA, wish: [{ type: body['type'] }, source], content: { quoted: body['quoted'] } });
    expect(JSON.stringify(sent?.wish)).not.toContain('../');
  });

  it('comes as a form, with its fields before and after it', async () => {
    const fixture = await connected();
    const body = form(
      field('to', TO),
      field('type', 'video'),
      file('bytes'),
      field('caption', 'é\r\n!'),
      field('viewOnce', 'true'),
      field('mentions', `${TO}, 6281234567891,`),
      field('async', 'true'),
    );
    const { status } = await post(fixture, SEND, body);
    expect(status).toBe(202);
    expect(fixture.worker.sent).toMatchObject([
      { to: ANNA, wish: [{ type: 'video', caption: 'é\r\n!', viewOnce: true, mentions: [ANNA, '6281234567891@s.whatsapp.net'] }, {}] },
    ]);
    await expectNothingLeft(fixture);
  });

  it.each<[string, string, string | RegExp]>([
    ['without a file', form(field('to', TO), field('type', 'image')), 'give one of mediaUrl, media and mediaKey'],
    ['with two files', form(field('to', TO), field('type', 'image'), file('one'), file('two')), 'one file'],
    [
      'with a file and a URL',
      form(field('to', TO), field('type', 'image'), field('mediaUrl', 'https://a.example'), file('x')),
      'give one of',
    ],
    ['with a file for a text', form(field('to', TO), field('type', 'text'), field('message', 'hi'), file('x')), 'brings no file'],
    ['with a field twice', form(field('to', TO), field('to', TO), field('type', 'image'), file('x')), 'to is given more than once'],
    [
      'with a flag that is none',
      form(field('to', TO), field('type', 'image'), field('viewOnce', 'perhaps'), file('x')),
      'viewOnce must be',
    ],
    ['with fields of a prototype only', form(field('__proto__', TO), field('constructor', 'image'), file('x')), 'type must be one of'],
    ['with 40 fields', form(...Array.from({ length: 40 }, (_, n) => field(`f${n}`, 'x')), file('x')), 'at most 32 other fields'],
    ['that ends in its file', form(field('to', TO), field('type', 'image'), file('x')).slice(0, -20), 'not well-formed'],
    ['that ends in a field', form(field('to', TO)).slice(0, -20), 'not well-formed'],
    ['that has another boundary than it says', form(field('to', TO)).replaceAll(EDGE, 'another'), 'not well-formed'],
    ['that is no form', 'hello', 'not well-formed'],
  ])('as a form %s is refused and leaves nothing', async (_what, body, sentence) => {
    const fixture = await connected();
    const { status, json } = await post(fixture, SEND, body);
    expect([status, json['code']]).toEqual([400, 'INVALID_REQUEST']);
    expect(json['error']).toMatch(sentence);
    expect(fixture.worker.sent).toEqual([]);
    await expectNothingLeft(fixture);
  });

  it('as a form without a boundary is refused', async () => {
    const fixture = await connected();
    const { json } = await post(fixture, SEND, form(field('to', TO)), { 'Content-Type': 'multipart/form-data' });
    expect(json).toMatchObject({ code: 'INVALID_REQUEST', error: expect.stringContaining('not well-formed') as string });
  });

  it.each([
    ['a file that is too large for its type', form(field('to', TO), field('type', 'sticker'), file('x'.repeat(1024 * 1024 + 1)))],
    ['a field of 600 KiB', form(field('to', TO), field('caption', 'x'.repeat(600 * 1024)), field('type', 'image'), file('x'))],
  ])('as a form with %s is answered with a 413', async (_what, body) => {
    const fixture = await connected();
    expect(await post(fixture, SEND, body)).toMatchObject({ status: 413, json: { code: 'PAYLOAD_TOO_LARGE' } });
    expect(fixture.worker.sent).toEqual([]);
    await expectNothingLeft(fixture);
  });

  it('may be JSON of 8 MiB, and no more', async () => {
    const fixture = await connected();
    const send = async (bytes: number) =>
      fixture.call('POST', SEND, { to: TO, type: 'document', media: Buffer.alloc(bytes).toString('base64') });
    expect((await send(6_000_000)).status).toBe(200);
    expect(await send(6_300_000)).toMatchObject({
      status: 413,
      body: { code: 'PAYLOAD_TOO_LARGE', error: 'The request body is larger than 8 MiB.' },
    });
  });
});

describe('an upload', () => {
  it.each<[string, string | Buffer, Record<string, string>, object]>([
    ['as the body', Buffer.from('bytes'), { 'Content-Type': 'image/png' }, { mimetype: 'image/png', bytes: 5 }],
    ['as the body in JSON', '{"a":1}', { 'Content-Type': 'application/json' }, { mimetype: 'application/json', bytes: 7 }],
    ['in chunks', '3\r\nabc\r\n0\r\n\r\n', { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked' }, { bytes: 3 }],
    ['as the file of a form', form(field('note', 'ignored'), file('bytes')), FORM, { mimetype: 'application/pdf', bytes: 5 }],
  ])('%s is answered with its key', async (_how, body, headers, data) => {
    const fixture = await connected();
    const { status, json } = await post(fixture, MEDIA, body, headers);
    expect(status).toBe(200);
    expect(json['data']).toMatchObject({ mediaKey: expect.stringMatching(/^media\/alice\/documents\/[0-9a-f]{64}$/) as string, ...data });
    await expectNothingLeft(fixture);
  });

  it.each<[string, string, string, Record<string, string>, number, string]>([
    ['without a body', MEDIA, '', {}, 400, 'INVALID_REQUEST'],
    ['of nothing', MEDIA, '0\r\n\r\n', { 'Transfer-Encoding': 'chunked' }, 400, 'INVALID_REQUEST'],
    ['of a form without a file', MEDIA, form(field('a', 'b')), FORM, 400, 'INVALID_REQUEST'],
    ['of two files', MEDIA, form(file('one'), file('two')), FORM, 400, 'INVALID_REQUEST'],
    ['of a broken form', MEDIA, form(file('one')).slice(0, -20), FORM, 400, 'INVALID_REQUEST'],
    ['of a compressed file', MEDIA, 'x', { 'Content-Encoding': 'gzip' }, 415, 'UNSUPPORTED_MEDIA_TYPE'],
    ['that says it is too large', MEDIA, 'x', { 'Content-Length': '9999' }, 413, 'PAYLOAD_TOO_LARGE'],
    ['to an unknown session', '/session/nobody/media', 'x', { 'Content-Type': 'image/png' }, 404, 'SESSION_NOT_FOUND'],
    ['to a session that cannot be', '/session/a.b/media', 'x', { 'Content-Type': 'image/png' }, 400, 'INVALID_REQUEST'],
  ])('%s is refused and leaves nothing', async (_what, path, body, headers, status, code) => {
    const fixture = await connected();
    fixture.worker.uploads.maxBytes = 5_000;
    const answer = await post(fixture, path, body, headers);
    expect([answer.status, answer.json['code']]).toEqual([status, code]);
    await expectNothingLeft(fixture);
  });

  it('that turns out to be too large is answered before its end, and the connection stays', async () => {
    const fixture = await connected();
    fixture.worker.uploads.maxBytes = 5_000;
    const chunk = `1000\r\n${'x'.repeat(4_096)}\r\n`;
    const parts = { method: 'POST', path: MEDIA, body: `${chunk.repeat(3)}0\r\n\r\n` };
    const headers = { Authorization: `Bearer ${TOKEN}`, 'Transfer-Encoding': 'chunked', Connection: 'keep-alive' };
    const next = requestBytes({ method: 'GET', path: '/live' });
    const { status, body } = await sendRaw(fixture.baseUrl, Buffer.concat([requestBytes({ ...parts, headers }), next]));
    expect(status).toBe(413);
    expect(body.split('HTTP/1.1 ')[1]).toMatch(/^200 /);
    await expectNothingLeft(fixture);
  });

  it.each([
    ['the body', { 'Content-Type': 'image/png', 'Content-Length': '1000000' }, 'x'.repeat(70_000)],
    ['a form', { ...FORM, 'Content-Length': '1000000' }, `--${EDGE}\r\n${file('x'.repeat(70_000))}`],
  ])('as %s that is broken off leaves nothing', async (_how, headers, begin) => {
    const fixture = await connected();
    const { hostname, port } = new URL(fixture.baseUrl);
    const outgoing = httpRequest({
      hostname,
      port,
      method: 'POST',
      path: MEDIA,
      headers: { Authorization: `Bearer ${TOKEN}`, ...headers },
    });
    // Of being broken off.
    outgoing.on('error', () => undefined);
    outgoing.write(begin);
    await eventually(() => fixture.worker.uploads.begun === 1, 'the file to begin to come');
    outgoing.destroy();
    await eventually(() => fixture.worker.uploads.stagings.length === 1, 'the end of the upload');
    expect(fixture.worker.uploads.stagings).toEqual(['broken']);
    await expectNothingLeft(fixture);
  });
});
