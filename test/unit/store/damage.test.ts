// What a damaged file does to the process that opens it, so every opening is in a process of its own.
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it } from 'vitest';
import { EXIT } from '../../../shared/exit-codes.js';
import { openStore } from '../../../shared/store/open-store.js';
import { openInChild, openInChildThrough } from './child.js';
import { tempFolder } from './temp-store.js';

const ROWS = 300;
const PAGE = 4096;
const isRoot = process.getuid?.() === 0;
/** Root may read and write whatever its mode says; without these rights it is an owner like any other. */
const HEEDING_MODES = isRoot ? ['setpriv', '--bounding-set', '-dac_override,-dac_read_search'] : [];
/** Mounts of the child's own, which nobody else sees and which end with it; who is not root needs to be so among its own for that. */
const OWN_MOUNTS = ['unshare', '--mount', ...(isRoot ? [] : ['--map-root-user'])];
const canMount = spawnSync(OWN_MOUNTS[0] ?? '', [...OWN_MOUNTS.slice(1), 'mount', '-t', 'tmpfs', 'tmpfs', '/tmp']).status === 0;
/** @param script ends by becoming `"$@"`: node, the program, and its folder, `"$3"`; `source` is in `$SOURCE` */
const mounting = (script: string, source: string): string[] => ['env', `SOURCE=${source}`, ...OWN_MOUNTS, 'sh', '-c', script, 'sh'];
let sound: Buffer;

beforeAll(async () => {
  const folder = join(process.env['TMPDIR'] ?? '/tmp', `worker-sound-${process.pid}`);
  const store = await openStore(folder, { version: 1, tables: ['a', 'secret'], sealed: [], tracked: [], migrations: {} }, { track: false });
  for (let n = 0; n < ROWS; n++)
    await store.commit([{ table: 'a', key: [n], value: { n, bytes: Buffer.alloc(n % 40 === 0 ? 9_000 : 700, n) } }]);
  await store.close();
  sound = readFileSync(join(folder, 'data.mdb'));
  rmSync(folder, { recursive: true });
});

const storeWith = (data: Buffer | undefined): string => {
  const folder = join(tempFolder(), 'store');
  mkdirSync(folder, { mode: 0o700 });
  if (data) writeFileSync(join(folder, 'data.mdb'), data);
  return folder;
};

const withPage = (page: number, bytes: Buffer): Buffer => {
  const data = Buffer.from(sound);
  bytes.copy(data, page * PAGE);
  return data;
};

const DAMAGES: Record<string, () => Buffer> = {
  'random bytes': () => randomBytes(sound.length),
  'nothing but zeros': () => Buffer.alloc(sound.length),
  'a text': () => Buffer.from('hello\n'),
  'one byte of it': () => sound.subarray(0, 1),
  'half a page of it': () => sound.subarray(0, PAGE / 2),
  'one page of it': () => sound.subarray(0, PAGE),
  'a page and a half of it': () => sound.subarray(0, 1.5 * PAGE),
  'its head only': () => sound.subarray(0, 2 * PAGE),
  'three pages of it': () => sound.subarray(0, 3 * PAGE),
  'half of it': () => sound.subarray(0, sound.length / 2),
  'all but the last quarter of it': () => sound.subarray(0, (sound.length * 3) / 4),
  'its first page lost': () => withPage(0, Buffer.alloc(PAGE)),
  'its second page lost': () => withPage(1, Buffer.alloc(PAGE)),
  'another format': () => withPage(0, Buffer.concat([sound.subarray(0, 28), Buffer.from([9, 9])])),
};

it('opens the sound store that is damaged below', async () => {
  for (const reading of [true, false]) {
    const { code, messages } = await openInChild(storeWith(sound), { reading });
    expect([code, messages]).toEqual([0, ['opening', { rows: ROWS }]]);
  }
});

it.each(Object.entries(DAMAGES))('refuses a file with %s, in a sentence', async (_, damage) => {
  for (const reading of [true, false]) {
    const folder = storeWith(damage());
    const before = statSync(join(folder, 'data.mdb')).size;
    const { code, signal, errors } = await openInChild(folder, { reading });
    expect([code, signal]).toEqual([EXIT.config, null]);
    expect(errors).toMatch(/^The store in \S+ cannot be opened \(.+\); the disk or the file is damaged or may not be (read|written)\.$/m);
    expect(statSync(join(folder, 'data.mdb')).size).toBe(before);
  }
});

it('takes an empty file for a store that was about to be made', async () => {
  expect((await openInChild(storeWith(Buffer.alloc(0)), { reading: true })).messages).toContainEqual({ rows: 'no store' });
  expect((await openInChild(storeWith(Buffer.alloc(0)), {})).messages).toContainEqual({ rows: 0 });
});

it('opens a file that lacks nothing but free pages at its end', async () => {
  const folder = tempFolder();
  const store = await openStore(folder, { version: 1, tables: ['a', 'secret'], sealed: [], tracked: [], migrations: {} }, { track: false });
  const large = async (name: string, value: Buffer | undefined): Promise<void> => store.commit([{ table: 'a', key: [name], value }]);
  await large('first', Buffer.alloc(200_000));
  await large('last', Buffer.alloc(200_000));
  // What comes now takes the pages of the first one, and leaves those of the last one free.
  for (const name of ['first', 'last']) {
    await large(name, undefined);
    for (let n = 0; n < 5; n++) await store.commit([{ table: 'a', key: ['small'], value: n }]);
  }
  await store.close();
  const data = join(folder, 'data.mdb');
  truncateSync(data, statSync(data).size - 20 * PAGE);
  for (const reading of [true, false])
    expect(await openInChild(folder, { reading })).toMatchObject({ code: 0, messages: ['opening', { rows: 1 }] });
});

it.each(['data.mdb', 'lock.mdb'])('refuses a folder in the place of %s', async (name) => {
  for (const reading of [true, false]) {
    const folder = storeWith(sound);
    rmSync(join(folder, name), { force: true });
    mkdirSync(join(folder, name));
    const { code, errors } = await openInChild(folder, { reading });
    expect([code, errors]).toEqual([EXIT.config, expect.stringContaining(`${name} is not a file`)]);
  }
});

it('opens a store with a lock file that is damaged', async () => {
  const folder = storeWith(sound);
  writeFileSync(join(folder, 'lock.mdb'), randomBytes(500));
  expect((await openInChild(folder, {})).code).toBe(0);
});

it('refuses what it may not write or read, in a sentence', async () => {
  for (const [name, mode] of [
    ['data.mdb', 0o400],
    ['data.mdb', 0o000],
    ['lock.mdb', 0o400],
    ['.', 0o500],
  ] as const) {
    const folder = storeWith(sound);
    writeFileSync(join(folder, 'lock.mdb'), '');
    chmodSync(join(folder, name), mode);
    const { code, errors } = await openInChildThrough(HEEDING_MODES, folder, {});
    chmodSync(join(folder, name), 0o700);
    expect([code, errors]).toEqual([EXIT.config, expect.stringContaining('permission denied')]);
  }
});

it.skipIf(!canMount)('reads a store on a read-only file system, and refuses to write it', async () => {
  const data = join(storeWith(sound), 'data.mdb');
  const mounted = tempFolder();
  const readOnly = mounting('mount -t tmpfs tmpfs "$3" && cp "$SOURCE" "$3/data.mdb" && mount -o remount,bind,ro "$3" && exec "$@"', data);
  expect(await openInChildThrough(readOnly, mounted, { reading: true })).toMatchObject({ code: 0, messages: ['opening', { rows: ROWS }] });
  const { code, errors } = await openInChildThrough(readOnly, mounted, {});
  expect([code, errors]).toEqual([EXIT.config, expect.stringContaining('read-only file system')]);
});

it.skipIf(!canMount)('does not make a store on a disk without room', async () => {
  const small = tempFolder();
  const data = join(storeWith(sound), 'data.mdb');
  const mount = 'mount -t tmpfs -o size=1m tmpfs "${3%/store}"';
  const { code, errors } = await openInChildThrough(mounting(`${mount} && exec "$@"`, data), join(small, 'store'), {});
  expect([code, errors]).toEqual([EXIT.crash, expect.stringContaining('cannot write to its disk')]);
  // What was left of the attempt is in the way of nothing.
  const attempt = 'env -u NODE_CHANNEL_FD "$1" "$2" "$3" 2>/dev/null';
  const reopening = mounting(`${mount} && ! ${attempt} && cp "$SOURCE" "$3/data.mdb" && exec "$@"`, data);
  expect((await openInChildThrough(reopening, join(small, 'store'), { reading: true })).code).toBe(0);
});
