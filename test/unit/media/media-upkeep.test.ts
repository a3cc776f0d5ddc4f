import { utimesSync } from 'node:fs';
import { expect, it } from 'vitest';
import { KEYS } from '../../../shared/object-store/keys.js';
import { mediaUpkeep } from '../../../supervisor/media/media-upkeep.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { captureLog, silent } from '../shared/logged.js';
import { rowsIn } from '../store/temp-store.js';
import { openBucket, openLibrary, sha256Of, type LibrarySetting } from './library-setting.js';

const DAY_MS = 24 * 60 * 60_000;

const upkeepOf = ({ store, files, library }: LibrarySetting, objects?: Parameters<typeof mediaUpkeep>[0]['objects'], log = silent) =>
  mediaUpkeep({ ...{ store, files, library, objects, log }, retentionDays: 5 });

const age = async ({ store }: LibrarySetting, sha256: string, days: number): Promise<void> =>
  store.commit([{ table: TABLES.media, key: ['s', 'images', sha256], value: { bytes: 3, at: Date.now() - days * DAY_MS } }]);

it('removes what was kept for too long, and what came again lately stays', async () => {
  const setting = await openLibrary();
  const [old, again] = [await setting.keep('old'), await setting.keep('again')];
  await age(setting, old.sha256, 6);
  const longAgo = (Date.now() - 6 * DAY_MS) / 1000;
  utimesSync(setting.files.path(again), longAgo, longAgo);
  await upkeepOf(setting).run();
  expect(await setting.files.bytes(old)).toBeUndefined();
  expect(await setting.files.bytes(again)).toBe(5);
  expect(rowsIn(setting.store, TABLES.media)).toHaveLength(1);
});

it('removes files that only the object store has, and what else lies among them, of its own sessions', async () => {
  const bucket = await openBucket();
  const setting = await openLibrary(undefined, { objects: bucket });
  const [old, fresh] = ['old', 'new'].map((content) => ({ sessionId: 's', kind: 'images', sha256: sha256Of(content) }) as const);
  const keys = [`media/s/strange`, `media/foreign/images/${sha256Of('old')}`];
  for (const key of [...[old, fresh].flatMap((ref) => (ref ? KEYS.mediaFile(ref) : [])), ...keys]) await bucket.put(key, Buffer.from('x'));
  await age(setting, fresh?.sha256 ?? '', 0);
  await mediaUpkeep({
    ...{ store: setting.store, files: setting.files, library: setting.library, objects: bucket, log: silent, retentionDays: 5 },
    now: () => Date.now() + 6 * DAY_MS,
  }).run();
  const left: string[] = [];
  for await (const { key } of bucket.list('media/')) left.push(key);
  expect(left).toEqual([`media/foreign/images/${sha256Of('old')}`]);
});

it('goes on in the next run when the object store was away', async () => {
  const bucket = await openBucket();
  const { log, lines } = captureLog();
  const setting = await openLibrary(undefined, { objects: bucket });
  const old = await setting.keep('old');
  await age(setting, old.sha256, 6);
  const away = { list: bucket.list.bind(bucket), delete: bucket.delete.bind(bucket) };
  bucket.delete = async () => Promise.reject(new Error('away'));
  const upkeep = upkeepOf(setting, away, log);
  await upkeep.run();
  expect(lines()).toMatchObject([{ level: 'warn' }]);
  bucket.delete = away.delete;
  await upkeep.run();
  expect(await setting.files.bytes(old)).toBeUndefined();
  expect(lines()).toHaveLength(1);
});
