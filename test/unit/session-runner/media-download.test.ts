import { createCipheriv, createHash, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { expect, it, onTestFinished, vi } from 'vitest';
import { proto } from '../../../session-runner/baileys.js';
import { downloadFile, type DownloadOptions } from '../../../session-runner/media/download-file.js';
import { filePointerOf, type FilePointer } from '../../../session-runner/media/file-pointer.js';
import { certifyLoopback, makeAuthority } from '../../whatsapp/wire/certificate-authority.js';
import { tempFolder } from '../store/temp-store.js';

const CERTIFICATE = certifyLoopback(makeAuthority());

/** A file as WhatsApp's media hosts have it. */
const seal = (content: Buffer): { sealed: Buffer; pointer: FilePointer } => {
  const mediaKey = randomBytes(32);
  const keys = Buffer.from(hkdfSync('sha256', mediaKey, Buffer.alloc(32), 'WhatsApp Image Keys', 112));
  const cipher = createCipheriv('aes-256-cbc', keys.subarray(16, 48), keys.subarray(0, 16));
  const body = Buffer.concat([cipher.update(content), cipher.final()]);
  const mac = createHmac('sha256', keys.subarray(48, 80)).update(keys.subarray(0, 16)).update(body).digest().subarray(0, 10);
  const sealed = Buffer.concat([body, mac]);
  const digest = (bytes: Buffer): Buffer => createHash('sha256').update(bytes).digest();
  return { sealed, pointer: { as: 'image', directPath: '/file', mediaKey, sha256: digest(content), sealedSha256: digest(sealed) } };
};

const serve = async (listener: RequestListener): Promise<string> => {
  vi.stubEnv('NODE_TLS_REJECT_UNAUTHORIZED', '0');
  const server = createServer(CERTIFICATE, listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
};

const optionsFor = (...hosts: string[]): DownloadOptions => ({
  ...{ hosts, path: join(tempFolder(), 'file'), maxBytes: 1_000_000, stallMs: 60_000, signal: new AbortController().signal },
});

it.each([0, 1, 15, 16, 17, 300_000])('writes a file of %i bytes as it was before it was sealed', async (bytes) => {
  const content = randomBytes(bytes);
  const { sealed, pointer } = seal(content);
  const options = optionsFor(await serve((_request, response) => void response.end(sealed)));
  const sha256 = createHash('sha256').update(content).digest('hex');
  expect(await downloadFile(pointer, options)).toEqual({ sha256, bytes });
  expect(readFileSync(options.path).equals(content)).toBe(true);
});

it.each([
  ['a byte changed', (sealed: Buffer) => sealed.map((byte, index) => (index === 3 ? byte ^ 1 : byte))],
  ['the end is missing', (sealed: Buffer) => sealed.subarray(0, -16)],
  ['there is nothing', () => Buffer.alloc(0)],
])('takes no file of which %s, also when the message tells no digest', async (_name, spoil) => {
  const { sealed, pointer } = seal(randomBytes(1_000));
  const options = optionsFor(await serve((_request, response) => void response.end(spoil(sealed))));
  for (const told of [pointer, { ...pointer, sha256: undefined, sealedSha256: undefined }]) {
    await expect(downloadFile(told, options)).rejects.toMatchObject({ reason: 'damaged' });
    expect(existsSync(options.path)).toBe(false);
  }
});

it('takes no other file than the message promised', async () => {
  const { sealed, pointer } = seal(randomBytes(1_000));
  const options = optionsFor(await serve((_request, response) => void response.end(sealed)));
  await expect(downloadFile({ ...pointer, sha256: randomBytes(32) }, options)).rejects.toMatchObject({ reason: 'damaged' });
});

it.each([true, false])('ends a download that becomes too large, announced: %s', async (announced) => {
  const { pointer } = seal(Buffer.alloc(0));
  const host = await serve((_request, response) => {
    if (announced) response.setHeader('content-length', 2_000_000);
    response.write(Buffer.alloc(1_999_999));
  });
  const options = optionsFor(host);
  await expect(downloadFile(pointer, options)).rejects.toMatchObject({ reason: 'too_large' });
  expect(existsSync(options.path)).toBe(false);
});

it.each([
  ['says nothing', () => undefined],
  ['stops in the middle', (_request, response) => void response.write(Buffer.alloc(100_000))],
] satisfies [string, RequestListener][])('gives up a host that %s, and asks the next one', async (_name, listener) => {
  const { sealed, pointer } = seal(Buffer.from('hello'));
  const stuck = await serve(listener);
  const good = await serve((_request, response) => void response.end(sealed));
  await expect(downloadFile(pointer, { ...optionsFor(stuck), stallMs: 500 })).rejects.toMatchObject({ reason: 'unreachable' });
  expect(await downloadFile(pointer, { ...optionsFor(stuck, good), stallMs: 500 })).toMatchObject({ bytes: 5 });
});

it.each([
  [404, 'gone'],
  [410, 'gone'],
  [500, 'unreachable'],
  [429, 'unreachable'],
])('takes %i for %s', async (status, reason) => {
  const { pointer } = seal(Buffer.alloc(0));
  const host = await serve((_request, response) => void response.writeHead(status).end('no'));
  await expect(downloadFile(pointer, optionsFor(host))).rejects.toMatchObject({ reason });
});

it('ends at once when it is given up', async () => {
  const { pointer } = seal(Buffer.alloc(0));
  const giveUp = new AbortController();
  const host = await serve(() => {
    giveUp.abort();
  });
  const options = { ...optionsFor(host, host), signal: giveUp.signal };
  await expect(downloadFile(pointer, options)).rejects.toMatchObject({ reason: 'unreachable' });
});

it('says so when the disk does not take the file', async () => {
  const { sealed, pointer } = seal(Buffer.from('hello'));
  const host = await serve((_request, response) => void response.end(sealed));
  const options = { ...optionsFor(host), path: join(tempFolder(), 'no', 'folder') };
  await expect(downloadFile(pointer, options)).rejects.toMatchObject({ reason: 'disk' });
});

const rawOf = (image: proto.Message.IImageMessage): string =>
  Buffer.from(proto.Message.encode({ imageMessage: image }).finish()).toString('base64');

it('goes to no host that a message names', () => {
  const mediaKey = randomBytes(32);
  const pathOf = (image: proto.Message.IImageMessage): string => filePointerOf(rawOf({ mediaKey, ...image })).directPath;
  expect(pathOf({ directPath: '/v/x?a=1', url: 'https://169.254.169.254/latest' })).toBe('/v/x?a=1');
  expect(pathOf({ url: 'https://10.0.0.1:8443/admin?x=1' })).toBe('/admin?x=1');
  for (const directPath of ['//10.0.0.1/x', '/\\10.0.0.1/x', '@10.0.0.1/x', '.evil.example/x', '/a b', '/x\r\nHost: y', '']) {
    expect(() => pathOf({ directPath }), directPath).toThrow(expect.objectContaining({ reason: 'unreadable' }) as Error);
  }
});

it.each([
  ['no protobuf', '////'],
  ['no file', Buffer.from(proto.Message.encode({ conversation: 'hi' }).finish()).toString('base64')],
  ['no key', rawOf({ directPath: '/x' })],
  ['a key that is none', rawOf({ directPath: '/x', mediaKey: randomBytes(31) })],
])('cannot read a message with %s', (_name, raw) => {
  expect(() => filePointerOf(raw)).toThrow(expect.objectContaining({ reason: 'unreadable' }) as Error);
});
