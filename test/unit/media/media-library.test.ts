import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { KEYS, mediaRefOf } from '../../../shared/object-store/keys.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { captureLog } from '../shared/logged.js';
import { rowsIn } from '../store/temp-store.js';
import { openBucket, openLibrary, sha256Of } from './library-setting.js';

it('keeps a file under its content, once per session and kind, and reads it whole and in parts', async () => {
  const { dataDir, library, keep } = await openLibrary();
  const ref = await keep('0123456789');
  await keep('0123456789');
  await keep('0123456789', 's', 'documents');
  expect(readFileSync(join(dataDir, KEYS.mediaFile(ref)), 'utf8')).toBe('0123456789');
  expect(readdirSync(join(dataDir, 'media/s'))).toEqual(['documents', 'images']);
  expect(readdirSync(join(dataDir, 'staging'))).toEqual([]);
  const whole = await library.open(ref);
  expect([whole.bytes, await text(whole.body)]).toEqual([10, '0123456789']);
  expect(await text((await library.open(ref, { start: 3, end: 5 })).body)).toBe('345');
  expect(library.find(ref)).toMatchObject({ bytes: 10, mimetype: 'image/png' });
});

it('has what it kept after a start, and nothing of what was only staged', async () => {
  const first = await openLibrary();
  const ref = await first.keep('kept');
  writeFileSync(first.library.newStaged(), 'not kept');
  await first.store.close();
  const second = await openLibrary(first.dataDir);
  expect(await text((await second.library.open(ref)).body)).toBe('kept');
  expect(readdirSync(join(first.dataDir, 'staging'))).toEqual([]);
});

it('says that there is no such file', async () => {
  const { library } = await openLibrary();
  await expect(library.open({ sessionId: 's', kind: 'images', sha256: sha256Of('x') })).rejects.toMatchObject({ code: 'MEDIA_NOT_FOUND' });
});

it('keeps nothing of a session that is gone', async () => {
  const { library, keep, sessions, files, store } = await openLibrary();
  await keep('one');
  sessions.delete('s');
  await expect(keep('two')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await library.removeStrays();
  expect(await files.sessions()).toEqual([]);
  expect(rowsIn(store, TABLES.media)).toHaveLength(1);
});

it('lets a reader read on while the file is removed', async () => {
  const { library, keep, files } = await openLibrary();
  const ref = await keep(Buffer.alloc(3_000_000, 'x'));
  const { body } = await library.open(ref);
  await library.remove([ref]);
  expect(await files.bytes(ref)).toBeUndefined();
  expect(await text(body)).toHaveLength(3_000_000);
  await expect(library.hold(ref)).rejects.toMatchObject({ code: 'MEDIA_NOT_FOUND' });
});

it('refuses what would leave too little of the disk', async () => {
  const { library } = await openLibrary(undefined, { minFreeBytes: Number.MAX_SAFE_INTEGER });
  await expect(library.assertRoom(1)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
});

it('brings every file to the object store, one that came again only once', async () => {
  const bucket = await openBucket();
  const { library, keep } = await openLibrary(undefined, { objects: bucket });
  library.start();
  const ref = await keep('one');
  await vi.waitFor(() => expect(library.uploadStatus()).toEqual({ waiting: 0, trouble: undefined }));
  expect((await bucket.get(KEYS.mediaFile(ref)))?.body.toString()).toBe('one');
  await keep('one');
  await keep('two');
  await vi.waitFor(() => expect(library.uploadStatus()?.waiting).toBe(0));
  expect(bucket.puts).toBe(2);
});

it('uploads also when the timer for another try fires a moment before that try is due', async () => {
  const bucket = await openBucket();
  bucket.away = true;
  const { library, keep } = await openLibrary(undefined, { objects: bucket });
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  library.start();
  await keep('late');
  for (let turn = 0; !library.uploadStatus()?.trouble && turn < 100_000; turn++) await nextTurn();
  expect(library.uploadStatus()?.trouble?.kind).toBe('unreachable');
  // Beside these timers the clock that is not faked all but stands still.
  bucket.away = false;
  await vi.runOnlyPendingTimersAsync();
  for (let turn = 0; library.uploadStatus()?.trouble && turn < 100_000; turn++) await nextTurn();
  expect(library.uploadStatus()).toEqual({ waiting: 0, trouble: undefined });
});

it('uploads after a start what the object store could not be given before, and tells of the trouble once', async () => {
  const bucket = await openBucket();
  bucket.away = true;
  const { log, lines } = captureLog();
  const first = await openLibrary(undefined, { objects: bucket, cacheBytes: 0, log });
  first.library.start();
  const ref = await first.keep('waits');
  await vi.waitFor(() => expect(first.library.uploadStatus()).toMatchObject({ waiting: 1, trouble: { kind: 'unreachable' } }));
  // Not a copy: it is the only one.
  expect(await first.files.bytes(ref)).toBe(5);
  await first.library.stop(5_000);
  await first.store.close();
  expect(lines()).toHaveLength(1);
  bucket.away = false;
  const second = await openLibrary(first.dataDir, { objects: bucket });
  second.library.start();
  await vi.waitFor(() => expect(second.library.uploadStatus()).toEqual({ waiting: 0, trouble: undefined }));
  expect((await bucket.get(KEYS.mediaFile(ref)))?.body.toString()).toBe('waits');
});

it('leaves nothing in the object store of a file that was removed while it was uploaded', async () => {
  const bucket = await openBucket();
  const { library, keep, store } = await openLibrary(undefined, { objects: bucket });
  const ref = await keep('one');
  const put = bucket.putStream.bind(bucket);
  bucket.putStream = async (...given) => {
    await library.remove([ref]);
    await put(...given);
  };
  library.start();
  await vi.waitFor(() => expect(bucket.puts).toBe(1));
  await vi.waitFor(async () => expect(await bucket.get(KEYS.mediaFile(ref))).toBeUndefined());
  expect(rowsIn(store, TABLES.mediaUploads)).toEqual([]);
});

it('waits with the files of a session until what its namesake left in the object store is gone', async () => {
  const bucket = await openBucket();
  const { library, keep, store } = await openLibrary(undefined, { objects: bucket });
  await store.commit([{ table: TABLES.deletions, key: ['s'], value: { at: 1 } }]);
  library.start();
  await keep('of the new one');
  const other = await keep('of another', 'other');
  await vi.waitFor(async () => expect(await bucket.get(KEYS.mediaFile(other))).toBeDefined());
  await vi.waitFor(() => expect(library.uploadStatus()?.waiting).toBe(1));
});

it('removes the copies that were not used for longest, and fetches them when they are wanted', async () => {
  const bucket = await openBucket();
  const { library, keep, files } = await openLibrary(undefined, { objects: bucket, cacheBytes: 25 });
  library.start();
  const refs = [await keep('aaaaaaaaaa'), await keep('bbbbbbbbbb')] as const;
  await vi.waitFor(() => expect(library.uploadStatus()?.waiting).toBe(0));
  utimesSync(files.path(refs[0]), 1, 1);
  const held = await library.hold(refs[1]);
  await keep('cccccccccc');
  await vi.waitFor(() => expect(existsSync(files.path(refs[0]))).toBe(false));
  expect(statSync(held.path).size).toBe(10);
  held.release();
  expect(await text((await library.open(refs[0])).body)).toBe('aaaaaaaaaa');
});

it('does not hand out a file that the object store holds damaged', async () => {
  const bucket = await openBucket();
  const { log, lines } = captureLog();
  const { library } = await openLibrary(undefined, { objects: bucket, log });
  const ref = { sessionId: 's', kind: 'images', sha256: sha256Of('right') } as const;
  await bucket.put(KEYS.mediaFile(ref), Buffer.from('wrong'));
  await expect(library.hold(ref)).rejects.toMatchObject({ code: 'MEDIA_NOT_FOUND' });
  expect(lines()).toMatchObject([{ level: 'error', key: KEYS.mediaFile(ref) }]);
});

it('fetches a file once for all who want it, and says so when the object store is away', async () => {
  const bucket = await openBucket();
  const { library, dataDir } = await openLibrary(undefined, { objects: bucket });
  const ref = { sessionId: 's', kind: 'videos', sha256: sha256Of('there') } as const;
  await bucket.put(KEYS.mediaFile(ref), Buffer.from('there'));
  bucket.away = true;
  await expect(library.open(ref)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
  bucket.away = false;
  const get = vi.spyOn(bucket, 'getStream');
  const opened = await Promise.all([library.open(ref), library.open(ref)]);
  expect(await Promise.all(opened.map(async ({ body }) => text(body)))).toEqual(['there', 'there']);
  expect(get).toHaveBeenCalledTimes(1);
  expect(readdirSync(join(dataDir, 'staging'))).toEqual([]);
});

it('names files by keys that can be read back, and takes no other for one', () => {
  const ref = { sessionId: 'a-b_1', kind: 'stickers', sha256: sha256Of('x') } as const;
  expect(mediaRefOf(KEYS.mediaFile(ref))).toEqual(ref);
  for (const key of [
    'media/s/images/x',
    `media/s/pictures/${ref.sha256}`,
    `media/../images/${ref.sha256}`,
    `x/media/s/images/${ref.sha256}`,
  ]) {
    expect(mediaRefOf(key)).toBeUndefined();
  }
});
