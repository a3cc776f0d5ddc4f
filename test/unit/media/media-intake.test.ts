import { readdirSync, readFileSync, statSync } from 'node:fs';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { KEYS } from '../../../shared/object-store/keys.js';
import { parseFetchAllowance } from '../../../supervisor/media/fetch-allowance.js';
import { FetchTargets } from '../../../supervisor/media/fetch-target.js';
import { inspectFile } from '../../../supervisor/media/inspect-file.js';
import { MediaIntake, type StagedUpload } from '../../../supervisor/media/media-intake.js';
import type { MediaLibraryOptions } from '../../../supervisor/media/media-library.js';
import type { MediaSource, MediaWish } from '../../../supervisor/media/media-wish.js';
import { SafeFetch } from '../../../supervisor/media/safe-fetch.js';
import { eventually } from '../../fixtures/eventually.js';
import { sampleFile, sha256Of, type SampleKind } from '../../support/sample-files.js';
import { serveFiles } from './file-server.js';
import { openLibrary, type LibrarySetting } from './library-setting.js';

const MIB = 1024 * 1024;

interface Setting extends LibrarySetting {
  intake: MediaIntake;
  bring: (wish: MediaWish, source: MediaSource) => ReturnType<MediaIntake['bring']>;
  stage: (bytes: Buffer, mimetype?: string, fileName?: string) => Promise<StagedUpload>;
}

const open = async (maxBytes = 100 * MIB, changes: Partial<MediaLibraryOptions> = {}): Promise<Setting> => {
  const setting = await openLibrary(undefined, changes);
  const targets = new FetchTargets(parseFetchAllowance('127.0.0.1') ?? expect.unreachable());
  const fetch = new SafeFetch({ targets, totalMs: 60_000 });
  const intake = new MediaIntake({ library: setting.library, fetch, inspector: { inspect: inspectFile }, maxBytes });
  return {
    ...setting,
    intake,
    bring: async (wish, source) => intake.bring('s', wish, source),
    stage: async (bytes, mimetype, fileName) => intake.stage(Readable.from([bytes]), maxBytes, { mimetype, fileName }),
  };
};

const expectNothingStaged = ({ dataDir }: Setting): void => expect(readdirSync(join(dataDir, 'staging'))).toEqual([]);
const failureOf = async (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => expect.unreachable('it succeeded'),
    (error: unknown) => error,
  );

it('keeps the same file from wherever it comes, and says what it is', async () => {
  const setting = await open();
  const bytes = sampleFile('png');
  const file = { kind: 'images', sha256: sha256Of(bytes), bytes: bytes.length, mimetype: 'image/png', width: 64, height: 48 };
  const server = await serveFiles((_request, response) => void response.end(bytes));
  const sources: MediaSource[] = [
    { from: 'bytes', bytes },
    { from: 'upload', staged: await setting.stage(bytes, 'text/plain', 'a.txt') },
    { from: 'url', url: `${server.url}/b.png` },
    { from: 'key', key: KEYS.mediaFile({ sessionId: 's', kind: 'images', sha256: file.sha256 }) },
  ];
  for (const source of sources) {
    expect(await setting.bring({ type: 'image', caption: 'A', quoted: 'Q' }, source)).toEqual({
      ...{ type: 'image', file, caption: 'A', quoted: 'Q', viewOnce: false },
    });
  }
  expect(readdirSync(join(setting.dataDir, 'media/s/images'))).toEqual([file.sha256]);
  expectNothingStaged(setting);
});

it('keeps a file anew that is sent by its key, as what it is sent as', async () => {
  const setting = await open();
  const ref = await setting.keep('hello', 's', 'images');
  const { at = 0 } = setting.library.find(ref) ?? {};
  await eventually(() => Date.now() > at, 'time to pass');
  for (const kind of ['documents', 'documents', 'images'] as const) {
    const key = KEYS.mediaFile({ ...ref, kind: 'images' });
    const content = await setting.bring({ type: 'document' }, { from: 'key', key });
    expect(content).toMatchObject({ file: { kind: 'documents', sha256: ref.sha256 } });
    expect(readFileSync(setting.files.path({ ...ref, kind }), 'utf8')).toBe('hello');
  }
  expect(setting.library.find({ ...ref, kind: 'documents' })?.at).toBeGreaterThan(at);
  expect(statSync(setting.files.path(ref)).nlink).toBe(2);
  expectNothingStaged(setting);
});

it.each<[string, string | undefined, string]>([
  ['/files/May%20report.pdf?x=1', undefined, 'May report.pdf'],
  ['/a/..%2f..%2fetc%2fpasswd', undefined, 'passwd'],
  ['/files/a.pdf', 'mine.pdf', 'mine.pdf'],
  ['/', undefined, 'file'],
  [`/${'n'.repeat(300)}`, undefined, 'n'.repeat(255)],
])('calls a document from %s, named %s, %s', async (path, fileName, expected) => {
  const setting = await open();
  const server = await serveFiles((_request, response) => void response.end('hello'));
  expect(await setting.bring({ type: 'document', fileName }, { from: 'url', url: server.url + path })).toMatchObject({
    fileName: expected,
  });
});

it.each<[string, SampleKind, string | undefined, string]>([
  ['believes what comes with bytes that say nothing', 'text', 'text/csv; charset=utf-8', 'text/csv'],
  ['does not believe that such bytes are a picture', 'text', 'image/png', 'application/octet-stream'],
  ['does not believe nonsense', 'text', 'a\r\nb/c', 'application/octet-stream'],
  ['believes the bytes more than what comes with them', 'pdf', 'text/html', 'application/pdf'],
])('%s', async (_what, kind, declared, mimetype) => {
  const setting = await open();
  const staged = await setting.stage(sampleFile(kind), declared);
  expect(await setting.intake.keep('s', staged)).toMatchObject({ mimetype });
});

it.each<[string, MediaWish['type'], (setting: Setting) => Promise<MediaSource>, string]>([
  ['an empty file', 'document', async () => Promise.resolve({ from: 'bytes', bytes: Buffer.alloc(0) }), 'UNSUPPORTED_MEDIA'],
  ['a PDF as an image', 'image', async () => Promise.resolve({ from: 'bytes', bytes: sampleFile('pdf') }), 'UNSUPPORTED_MEDIA'],
  ['music as a voice note', 'voice', async () => Promise.resolve({ from: 'bytes', bytes: sampleFile('mp3') }), 'UNSUPPORTED_MEDIA'],
  [
    'a sticker of 2 MiB',
    'sticker',
    async () => Promise.resolve({ from: 'bytes', bytes: sampleFile('webp', 2 * MIB) }),
    'PAYLOAD_TOO_LARGE',
  ],
  [
    'an image that was kept as a document and is none',
    'image',
    async ({ keep }) => Promise.resolve({ from: 'key', key: KEYS.mediaFile(await keep('hello', 's', 'documents')) }),
    'UNSUPPORTED_MEDIA',
  ],
  [
    'a sticker that was kept and is too large for one',
    'sticker',
    async ({ keep }) => Promise.resolve({ from: 'key', key: KEYS.mediaFile(await keep(sampleFile('webp', 2 * MIB), 's', 'images')) }),
    'PAYLOAD_TOO_LARGE',
  ],
  [
    'a file of another session',
    'document',
    async ({ keep }) => Promise.resolve({ from: 'key', key: KEYS.mediaFile(await keep('x', 'other')) }),
    'MEDIA_NOT_FOUND',
  ],
  ...['', 'media/s', '../../etc/passwd', `media/s/images/../images/${'0'.repeat(64)}`, `sessions/s/images/${'0'.repeat(64)}`].map(
    (key): [string, MediaWish['type'], (setting: Setting) => Promise<MediaSource>, string] => [
      `what is no key: ${JSON.stringify(key)}`,
      'document',
      async () => Promise.resolve({ from: 'key', key }),
      'MEDIA_NOT_FOUND',
    ],
  ),
])('refuses %s, and leaves nothing', async (_what, type, source, code) => {
  const setting = await open();
  expect(await failureOf(setting.bring({ type }, await source(setting)))).toMatchObject({ code });
  expectNothingStaged(setting);
});

it.each<[string, RequestListener, string]>([
  [
    'says that it is too large',
    (_request, response) => void response.writeHead(200, { 'content-length': 2 * MIB }).flushHeaders(),
    'TOO_LARGE',
  ],
  ['turns out to be too large', (_request, response) => void response.end(Buffer.alloc(2 * MIB)), 'TOO_LARGE'],
  [
    'breaks off',
    (_request, response) => void response.writeHead(200, { 'content-length': 9 }).write('half', () => response.destroy()),
    'MEDIA_FETCH_FAILED',
  ],
])('leaves nothing of a file from a URL that %s', async (_what, answer, code) => {
  const setting = await open(MIB);
  const { url } = await serveFiles(answer);
  expect(await failureOf(setting.bring({ type: 'document' }, { from: 'url', url }))).toMatchObject({
    code: expect.stringContaining(code) as string,
  });
  expectNothingStaged(setting);
});

it('reads nothing of what announces more than is allowed, or than the disk has room for', async () => {
  const unread = new Readable({ read: () => expect.unreachable('it was read') });
  const { intake } = await open(MIB);
  expect(await failureOf(intake.stage(unread, MIB, { bytes: MIB + 1 }))).toMatchObject({ code: 'PAYLOAD_TOO_LARGE' });
  const full = await open(MIB, { minFreeBytes: Number.MAX_SAFE_INTEGER });
  expect(await failureOf(full.intake.stage(unread, MIB, { bytes: 1 }))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expectNothingStaged(full);
});

it('leaves nothing of what breaks off, and passes on why', async () => {
  const setting = await open();
  const source = (async function* () {
    yield await Promise.resolve(Buffer.from('half'));
    throw new AppError('INVALID_REQUEST', 'It was broken off.');
  })();
  expect(await failureOf(setting.intake.stage(source, MIB))).toMatchObject({ code: 'INVALID_REQUEST' });
  expectNothingStaged(setting);
});

it('looks for room again while a file of unknown length comes', async () => {
  const setting = await open();
  const { library } = setting;
  let asked = 0;
  const filling = {
    newStaged: () => library.newStaged(),
    keep: library.keep.bind(library),
    find: library.find.bind(library),
    hold: library.hold.bind(library),
    assertRoom: async () => (++asked > 1 ? Promise.reject(new AppError('STORAGE_UNAVAILABLE', 'It is full.')) : Promise.resolve()),
  };
  const fetch = { fetch: async () => Promise.reject(new Error('nothing is fetched')) };
  const intake = new MediaIntake({ library: filling, fetch, inspector: { inspect: inspectFile }, maxBytes: MIB });
  expect(await failureOf(intake.stage(Readable.from([Buffer.alloc(10)]), MIB))).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  expectNothingStaged(setting);
});

it('keeps nothing for a session that is deleted meanwhile', async () => {
  const setting = await open();
  const staged = await setting.stage(sampleFile('pdf'));
  setting.sessions.delete('s');
  expect(await failureOf(setting.bring({ type: 'document' }, { from: 'upload', staged }))).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await setting.intake.discard(staged);
  await setting.intake.discard(staged);
  expectNothingStaged(setting);
});
