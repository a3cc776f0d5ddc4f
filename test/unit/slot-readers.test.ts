import { copyFileSync, existsSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readCopy, readLog } from '../../shared/store/session-copy.js';
import { openSlotStore, SLOT_TABLES } from '../../shared/store/slot-store.js';
import { slotReaders } from '../fixtures/slot-readers.js';
import { eventually } from '../fixtures/eventually.js';
import { startChild } from './store/child.js';
import { tempFolder } from './store/temp-store.js';

const key = (sessionId: string, id: string, value: unknown) => ({ table: SLOT_TABLES.keys, key: [sessionId, 'session', id], value });

it('makes the store of a slot before its runner does, and reads what that one commits', async () => {
  const dataDir = tempFolder();
  const readers = slotReaders(dataDir);
  expect(readers.reader(3)).toBeUndefined();
  await readers.prepare(3);
  const reader = readers.reader(3);
  expect(reader).toBeDefined();
  const writer = startChild('writing-child', join(dataDir, 'runners', '3'));
  let last = 0;
  writer.on('message', (n) => (last = Number(n)));
  await eventually(() => last > 100, 'the writer writes');
  const known = last;
  reader?.refresh();
  // Of each of its commits.
  expect([...(reader?.changes(0) ?? [])].map(({ n }) => n).slice(0, known)).toEqual(Array.from({ length: known }, (_, n) => n + 1));
  await readers.prepare(3);
  expect(readers.reader(3)).toBe(reader);
  await readers.close();
});

it('hands what is stored of a session over in a file that nobody else may read, and removes it', async () => {
  const dataDir = tempFolder();
  const readers = slotReaders(dataDir);
  const store = await openSlotStore(join(dataDir, 'runners/0'), { track: true });
  await readers.prepare(0);
  await store.commit([
    key('a', '1', Buffer.from('one')),
    key('a', '2', Buffer.from('two')),
    key('b', '1', 1),
    { table: SLOT_TABLES.spool, key: [7], value: { sessionId: 'a' } },
  ]);
  await store.commit([key('a', '2', undefined)]);
  const seen: string[] = [];
  await readers.withCopy(0, 'a', async (path = '') => {
    seen.push(path);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const { rows, spool } = readCopy(path);
    expect(rows.map((row) => [row.table, ...row.key, store.decode(row.table, row.key, row.value ?? Buffer.alloc(0))])).toEqual([
      [SLOT_TABLES.keys, 'a', 'session', '1', Buffer.from('one')],
    ]);
    expect(spool.map((row) => [row.key, store.decode(SLOT_TABLES.spool, row.key, row.value)])).toEqual([[[7], { sessionId: 'a' }]]);
    return Promise.resolve();
  });
  const failed = readers.withLog(0, 'a', async (path = '') => {
    seen.push(path);
    expect(readLog(path)).toEqual(['1', '2', '2'].map((id) => ({ table: SLOT_TABLES.keys, key: ['a', 'session', id] })));
    return Promise.reject(new Error('the runner ended'));
  });
  await expect(failed).rejects.toThrow('the runner ended');
  expect(seen.map((path) => existsSync(path))).toEqual([false, false]);
  expect(readdirSync(join(dataDir, 'tmp'))).toEqual([]);
  await expect(readers.withCopy(5, 'a', async (path) => Promise.resolve(path))).resolves.toBeUndefined();
  await readers.close();
  await store.close();
});

it('reads no store that it could not open before its runner, until the next start', async () => {
  const dataDir = tempFolder();
  const readers = slotReaders(dataDir);
  const folder = join(dataDir, 'runners/0');
  await (await openSlotStore(folder, { track: true })).close();
  const file = join(folder, 'data.mdb');
  const kept = join(dataDir, 'kept');
  copyFileSync(file, kept);
  writeFileSync(file, 'damaged');
  await readers.prepare(0);
  copyFileSync(kept, file);
  expect(readers.reader(0)).toBeUndefined();
  await expect(readers.withCopy(0, 'a', async () => Promise.resolve())).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
  await readers.prepare(0);
  expect(readers.reader(0)).toBeDefined();
  await readers.close();
});
