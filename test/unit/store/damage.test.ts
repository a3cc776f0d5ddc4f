// What a damaged file does to the process that opens it, so every opening is in a process of its own.
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { EXIT } from '../../../shared/exit-codes.js';
import { openStore } from '../../../shared/store/open-store.js';
import { openInChild } from './child.js';
import { tempFolder } from './temp-store.js';

const ROWS = 300;
const PAGE = 4096;
const isRoot = process.getuid?.() === 0;
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

it.each(Object.entries(DAMAGES))('refuses a file with %s, in a sentence', { timeout: 60_000 }, async (_, damage) => {
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

it.skipIf(isRoot)('refuses what it may not write or read, in a sentence', async () => {
  for (const [name, mode] of [
    ['data.mdb', 0o400],
    ['data.mdb', 0o000],
    ['lock.mdb', 0o400],
    ['.', 0o500],
  ] as const) {
    const folder = storeWith(sound);
    writeFileSync(join(folder, 'lock.mdb'), '');
    chmodSync(join(folder, name), mode);
    const { code, errors } = await openInChild(folder, {});
    chmodSync(join(folder, name), 0o700);
    expect([code, errors]).toEqual([EXIT.config, expect.stringContaining('permission denied')]);
  }
});

it.skipIf(!isRoot)('reads a store on a read-only file system, and refuses to write it', async () => {
  const folder = storeWith(sound);
  const mounted = tempFolder();
  execFileSync('mount', ['--bind', folder, mounted]);
  onTestFinished(() => {
    execFileSync('umount', [mounted]);
  });
  execFileSync('mount', ['-o', 'remount,bind,ro', mounted]);
  expect(await openInChild(mounted, { reading: true })).toMatchObject({ code: 0, messages: ['opening', { rows: ROWS }] });
  const { code, errors } = await openInChild(mounted, {});
  expect([code, errors]).toEqual([EXIT.config, expect.stringContaining('read-only file system')]);
});

it.skipIf(!isRoot)('does not make a store on a disk without room', async () => {
  const small = tempFolder();
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', small]);
  onTestFinished(() => {
    execFileSync('umount', [small]);
  });
  const { code, errors } = await openInChild(join(small, 'store'), {});
  expect([code, errors]).toEqual([EXIT.crash, expect.stringContaining('cannot write to its disk')]);
  const data = join(small, 'store', 'data.mdb');
  cpSync(join(storeWith(sound), 'data.mdb'), data);
  expect((await openInChild(join(small, 'store'), { reading: true })).code).toBe(0);
});
