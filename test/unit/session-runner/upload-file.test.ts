import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { globalAgent } from 'node:https';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { digestsOf, sealedBytes, sealFile, type FileToSeal } from '../../../session-runner/media/seal-file.js';
import { uploadFile, type UploadOptions } from '../../../session-runner/media/upload-file.js';
import { messageOf } from '../../../shared/errors.js';
import { makeWorld } from '../../whatsapp/make-world.js';
import type { FaultInput } from '../../whatsapp/faults/fault.js';
import { inspectMedia } from '../../whatsapp/media/media-cipher.js';
import { serveMedia } from '../../whatsapp/media/media-server.js';
import { certifyLoopback, makeAuthority } from '../../whatsapp/wire/certificate-authority.js';
import type { World } from '../../whatsapp/world.js';
import { silent } from '../shared/logged.js';
import { tempFolder } from '../store/temp-store.js';

const NEVER = new AbortController().signal;
const BYTES = 300_001;

const fileOf = (bytes: number, as: FileToSeal['as'] = 'document'): FileToSeal => {
  const path = join(tempFolder(), 'file');
  writeFileSync(path, randomBytes(bytes));
  return { path, as, mediaKey: randomBytes(32) };
};

/** A media server as WhatsApp has them; this process trusts its certificate. */
const startMediaServer = async (): Promise<World> => {
  const world = makeWorld(tempFolder(), () => undefined);
  const authority = makeAuthority();
  globalAgent.options.ca = authority.cert;
  const server = await serveMedia(world, 0, certifyLoopback(authority));
  onTestFinished(async () => {
    globalAgent.destroy();
    await server.close();
  });
  return world;
};

const options = (world: World, more: Partial<UploadOptions> = {}): UploadOptions => ({
  hosts: async () => Promise.resolve({ hosts: [world.media.host], auth: world.media.auth }),
  signal: NEVER,
  log: silent,
  pausesMs: [1],
  ...more,
});

const upload = async (world: World, file: FileToSeal, more: Partial<UploadOptions> = {}): Promise<string> => {
  const { directPath } = await uploadFile(file, await digestsOf(file, NEVER), options(world, more));
  return directPath;
};

const faulty = (world: World, fault: Omit<Extract<FaultInput, { kind: 'media' }>, 'kind' | 'on'>): void => {
  world.faults.add({ kind: 'media', on: 'upload', ...fault });
};

it.each([0, 1, 15, 16, 17, 65_535, 65_536, 200_000])('seals %i bytes to as many as it said, and always to the same', async (bytes) => {
  const file = fileOf(bytes);
  const all = async (): Promise<Buffer> => {
    const pieces: Buffer[] = [];
    for await (const piece of sealFile(file)) pieces.push(piece);
    return Buffer.concat(pieces);
  };
  const first = await all();
  expect(first).toHaveLength(sealedBytes(bytes));
  expect((await all()).equals(first)).toBe(true);
});

it.each(['image', 'video', 'audio', 'document', 'sticker'] as const)('uploads an %s that others can open', async (as) => {
  const world = await startMediaServer();
  const file = fileOf(BYTES, as);
  const directPath = await upload(world, file);
  const stored = await world.media.find(directPath);
  const { sha256, sealedSha256 } = await digestsOf(file, NEVER);
  expect(await inspectMedia(stored?.path ?? '', file.mediaKey, as)).toEqual({ sha256, length: BYTES });
  expect(directPath).toContain(sealedSha256.toString('base64url'));
});

it.each<[string, Parameters<typeof faulty>[1]]>([
  ['answers 500', { effect: 'status', status: 500 }],
  ['answers 401', { effect: 'status', status: 401 }],
  ['got other bytes', { effect: 'corrupt' }],
  ['cuts the connection', { effect: 'cut', afterBytes: 100_000 }],
  ['stops reading', { effect: 'slow', bytesPerSecond: 1 }],
])('tries again when the server %s', async (_what, fault) => {
  const world = await startMediaServer();
  faulty(world, { ...fault, count: 1 });
  expect(await world.media.find(await upload(world, fileOf(BYTES), { idleMs: 300 }))).toBeDefined();
});

it('takes the next server when one is not there, and asks anew before each round', async () => {
  const world = await startMediaServer();
  const { host, auth } = world.media;
  const answers = [undefined, { hosts: ['127.0.0.1:1'], auth }, { hosts: ['127.0.0.1:1', host], auth }];
  const hosts = async (): Promise<(typeof answers)[number]> => Promise.resolve(answers.shift());
  expect(await world.media.find(await upload(world, fileOf(10), { hosts, pausesMs: [1, 1] }))).toBeDefined();
  expect(answers).toEqual([]);
});

it('says that nobody took the file, after as many rounds as it should', async () => {
  const world = await startMediaServer();
  faulty(world, { effect: 'status', status: 503 });
  await expect(upload(world, fileOf(10))).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
  expect(world.stats.snapshot().media['refused 503']).toBe(2);
});

it('does not repeat what can only be refused again', async () => {
  const world = await startMediaServer();
  faulty(world, { effect: 'status', status: 413 });
  await expect(upload(world, fileOf(10))).rejects.toMatchObject({ code: 'MESSAGE_REJECTED' });
  expect(world.stats.snapshot().media['refused 413']).toBe(1);
});

it('stops when it is told to', async () => {
  const world = await startMediaServer();
  faulty(world, { effect: 'slow', bytesPerSecond: 1 });
  const given = new AbortController();
  const uploading = upload(world, fileOf(BYTES), { signal: given.signal }).catch(messageOf);
  given.abort(new Error('nobody wants it any more'));
  expect(await uploading).toBe('nobody wants it any more');
});
