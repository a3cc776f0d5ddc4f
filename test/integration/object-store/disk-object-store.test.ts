import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { expect, it, onTestFinished } from 'vitest';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { objectStoreContract, rejects } from '../../contract/object-store-contract.js';

const tempFolder = (): { folder: string; remove: () => void } => {
  const folder = mkdtempSync(join(tmpdir(), 'objects-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};

objectStoreContract('a folder', async () => {
  const { folder, remove } = tempFolder();
  return Promise.resolve({
    store: new DiskObjectStore(join(folder, 'made', 'by', 'open')),
    close: async () => {
      remove();
      return Promise.resolve();
    },
  });
});

const opened = async (): Promise<{ folder: string; store: DiskObjectStore }> => {
  const { folder, remove } = tempFolder();
  onTestFinished(remove);
  const store = new DiskObjectStore(folder);
  await store.open();
  return { folder, store };
};

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true }).flatMap((entry) => (entry.isFile() ? [entry.name] : []));

it('lets nobody but the owner read', async () => {
  const { folder, store } = await opened();
  await store.put('sessions/s1/secret', Buffer.from('x'));
  expect(statSync(join(folder, 'sessions/s1/secret')).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'sessions')).mode & 0o777).toBe(0o700);
  expect(statSync(join(folder, 'sessions/s1')).mode & 0o777).toBe(0o700);
});

it('sweeps what a killed process left unfinished', async () => {
  const { folder, store } = await opened();
  await store.put('a/b', Buffer.from('kept'));
  const [unfinished = ''] = readdirSync(folder).filter((name) => name !== 'a');
  writeFileSync(join(folder, unfinished, 'half-an-object'), 'x');
  await new DiskObjectStore(folder).open();
  expect(filesIn(folder)).toEqual(['b']);
});

it('leaves no file and no empty folder behind', async () => {
  const { folder, store } = await opened();
  const before = readdirSync(folder);
  await store.put('a/b/c/d', Buffer.from('x'));
  await rejects(store.putStream('a/b/c/e', Readable.from([Buffer.from('x')]), 2), 'invalid');
  await store.delete(['a/b/c/d']);
  expect(readdirSync(folder)).toEqual(before);
  expect(filesIn(folder)).toEqual([]);
});

it('calls a folder that is not writable denied, and a file in the way invalid', async () => {
  const { folder, store } = await opened();
  await store.put('a', Buffer.from('x'));
  await rejects(store.put('a/b', Buffer.from('x')), 'invalid');
  mkdirSync(join(folder, 'f'));
  await rejects(store.put('f', Buffer.from('x')), 'invalid');
  await rejects(new DiskObjectStore('/sys/nowhere').open(), 'denied');
});

/** A file system of two mebibytes; needs root. */
const mountSmall = (folder: string): boolean => {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', folder], { stdio: 'ignore' });
    return true;
  } catch (error) {
    console.log(`skipping: no small disk can be mounted here (${String(error)})`);
    return false;
  }
};

it('calls a full disk full and a read-only one denied, and leaves nothing half there', async (context) => {
  const { folder, remove } = tempFolder();
  onTestFinished(remove);
  if (!mountSmall(folder)) return context.skip();
  onTestFinished(() => void execFileSync('umount', [folder]));
  const store = new DiskObjectStore(folder);
  await store.open();
  await store.put('a', Buffer.from('old'));
  const tooMuch = Buffer.alloc(3 * 1024 * 1024);
  await rejects(store.put('a', tooMuch), 'full');
  await rejects(store.putStream('b', Readable.from([tooMuch]), tooMuch.length), 'full');
  expect((await store.get('a'))?.body.toString()).toBe('old');
  expect(filesIn(folder)).toEqual(['a']);
  await store.put('b', Buffer.alloc(1024 * 1024));
  execFileSync('mount', ['-o', 'remount,ro', folder]);
  await rejects(store.put('a', Buffer.from('x')), 'denied');
  await rejects(store.delete(['a']), 'denied');
  expect((await store.get('a'))?.body.toString()).toBe('old');
});
