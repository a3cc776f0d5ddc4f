import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { compactStore, shouldCompact } from '../../../shared/store/compact.js';
import { fileUse } from '../../../shared/store/store-file.js';
import { StoreRefusedError } from '../../../shared/store/store-refused-error.js';
import { Store } from '../../../shared/store/store.js';
import { outcomeOf, startChild } from './child.js';
import { closing, rowsIn, tempFolder } from './temp-store.js';

const OPTIONS = { tables: ['a', 'b'], tracked: ['a'] };
const MEBIBYTE = 1024 * 1024;

/** A store of `bytes`, of which nearly all is free again. */
const mostlyFree = async (bytes: number): Promise<string> => {
  const folder = tempFolder();
  const store = new Store(folder, OPTIONS);
  const large = Array.from({ length: Math.ceil(bytes / MEBIBYTE) }, (_, n) => ({ table: 'b', key: ['large', n] }));
  for (const row of large) await store.commit([{ ...row, value: Buffer.alloc(MEBIBYTE) }]);
  await store.commit(Array.from({ length: 300 }, (_, n) => ({ table: 'a', key: [n], value: { n, bytes: Buffer.alloc(n) } })));
  await store.commit(large.map((row) => ({ ...row, value: undefined })));
  await store.close();
  return folder;
};

it('gives back what is free and keeps every row, and the log of changes with its numbers', async () => {
  const folder = await mostlyFree(8 * MEBIBYTE);
  const before = new Store(folder, OPTIONS);
  const [rows, changes] = [rowsIn(before, 'a'), before.readChanges(0, Infinity)];
  await before.close();

  const { bytesBefore, bytesAfter } = await compactStore(folder);
  expect(bytesBefore).toBeGreaterThan(8 * MEBIBYTE);
  expect(bytesAfter).toBeLessThan(MEBIBYTE);
  const after = closing(new Store(folder, OPTIONS));
  expect(rowsIn(after, 'a')).toEqual(rows);
  expect(after.readChanges(0, Infinity)).toEqual(changes);
  await after.commit([{ table: 'a', key: ['more'], value: 1 }]);
  expect(after.lastChange).toBe(2);
  expect(existsSync(join(folder, 'compact'))).toBe(false);
});

it('knows how much of a file is used, and says when compacting it is worth it', async () => {
  const folder = await mostlyFree(70 * MEBIBYTE);
  expect(fileUse(folder)?.usedBytes).toBeLessThan(MEBIBYTE);
  expect(shouldCompact(folder)).toBe(true);
  await compactStore(folder);
  const { bytes, usedBytes } = fileUse(folder) ?? { bytes: 0, usedBytes: Infinity };
  expect(bytes - usedBytes).toBeLessThan(bytes / 2);
  expect(shouldCompact(folder)).toBe(false);
  expect(shouldCompact(tempFolder())).toBe(false);
});

it('leaves the store whole wherever it is killed', async () => {
  const folder = await mostlyFree(4 * MEBIBYTE);
  for (const afterMs of [0, 1, 2, 4, 6, 9, 13, 20]) {
    const child = startChild('compacting-child', folder);
    const { signal } = await outcomeOf(child, () => setTimeout(() => child.kill('SIGKILL'), afterMs));
    expect(signal).toBe('SIGKILL');
    const store = new Store(folder, OPTIONS);
    expect(rowsIn(store, 'a')).toHaveLength(300);
    await store.commit([{ table: 'b', key: ['after'], value: afterMs }]);
    await store.close();
  }
  await compactStore(folder);
  const store = closing(new Store(folder, OPTIONS));
  expect(store.get('b', ['after'])).toBe(20);
});

it('does not touch what is no store', async () => {
  await expect(compactStore(join(tempFolder(), 'nothing'))).rejects.toThrow(StoreRefusedError);
});
