import { renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataFile } from '../../../shared/store/store-file.js';
import { Store, type Write } from '../../../shared/store/store.js';
import { closing, rowsIn, tempFolder, tempStore } from './temp-store.js';

const put = (key: (string | number)[], value: unknown, table = 'a'): Write => ({ table, key, value });

it('shows a write to the reads of the same turn', async () => {
  const store = tempStore('a');
  const committed = store.commit([put(['k'], 1)]);
  expect(store.get('a', ['k'])).toBe(1);
  await committed;
  expect(store.get('a', ['k'])).toBe(1);
});

it('shows a removal to the reads of the same turn', async () => {
  const store = tempStore('a');
  await store.commit([put(['k'], 1)]);
  const committed = store.commit([put(['k'], undefined)]);
  expect(store.get('a', ['k'])).toBeUndefined();
  await committed;
  expect(store.get('a', ['k'])).toBeUndefined();
  expect(rowsIn(store, 'a')).toEqual([]);
});

it('refuses reads and writes from the moment it is being closed', async () => {
  const store = new Store(tempFolder(), { tables: ['a'] });
  await store.commit([put(['k'], 1)]);
  const closed = store.close();
  await store.settled();
  expect(() => store.get('a', ['k'])).toThrow('the store is closed');
  expect(() => rowsIn(store, 'a')).toThrow('the store is closed');
  await expect(store.commit([put(['k'], 2)])).rejects.toThrow('the store is closed');
  await closed;
  expect(() => store.lastChange).toThrow('the store is closed');
});

it('shows a committed row at once to somebody who reads all the time', async () => {
  const store = tempStore('a');
  const reading = new AbortController();
  const reader = (async () => {
    while (!reading.signal.aborted) {
      store.get('a', ['k']);
      [...store.range('a')].forEach(() => undefined);
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let n = 0; n < 200; n++) {
    await store.commit([put(['k'], n)]);
    expect(store.get('a', ['k'])).toBe(n);
    expect(rowsIn(store, 'a')).toEqual([[['k'], n]]);
  }
  reading.abort();
  await reader;
});

it('keeps tables and keys apart', async () => {
  const store = tempStore('a', 'b');
  await store.commit([
    put(['1'], 'string'),
    put([1], 'number'),
    put(['1'], 'other table', 'b'),
    put(['x', 'y'], 'two'),
    put(['x"y'], 'quote'),
  ]);
  expect(store.get('a', ['1'])).toBe('string');
  expect(store.get('a', [1])).toBe('number');
  expect(store.get('b', ['1'])).toBe('other table');
  expect(store.get('a', ['x', 'y'])).toBe('two');
  expect(store.get('a', ['x"y'])).toBe('quote');
});

it('keeps keys of any text apart', async () => {
  const store = tempStore('a');
  let run = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.uniqueArray(fc.array(fc.string({ unit: 'grapheme' }), { maxLength: 3 }), { selector: String, maxLength: 8 }),
      async (keys) => {
        run++;
        await store.commit(keys.map((key, index) => put([run, ...key], index)));
        const distinct = new Map(keys.map((key, index) => [JSON.stringify(key), index]));
        for (const key of keys) expect(store.get('a', [run, ...key])).toBe(distinct.get(JSON.stringify(key)));
        expect(store.count('a', [run])).toBe(distinct.size);
      },
    ),
    { numRuns: 50 },
  );
});

it('commits all of the writes or none when one of them is impossible', async () => {
  const store = tempStore('a');
  await store.commit([put(['before'], 'old')]);
  const impossible = [put(['k'.repeat(3_000)], 1), put(['k'], 1, 'no such table')];
  for (const bad of impossible) {
    await expect(store.commit([put(['before'], 'new'), put(['other'], 1), bad])).rejects.toThrow();
    expect(store.get('a', ['before'])).toBe('old');
    expect(store.get('a', ['other'])).toBeUndefined();
  }
  await store.commit([put(['flush'], 1)]);
  expect(rowsIn(store, 'a')).toEqual([
    [['before'], 'old'],
    [['flush'], 1],
  ]);
});

it('keeps showing a commit under way when a later one of the same key is refused', async () => {
  const store = tempStore('a');
  const first = store.commit([put(['k'], 'first')]);
  const second = store.commit([put(['k'], 'second'), put(['k'], 1, 'no such table')]);
  await expect(second).rejects.toThrow('no table');
  expect(store.get('a', ['k'])).toBe('first');
  await first;
  expect(store.get('a', ['k'])).toBe('first');
});

it('reads ranges as they are on disk, or with the changes under way of rows that are there', async () => {
  const store = tempStore('a');
  await store.commit(['k1', 'k2'].map((key) => ({ table: 'a', key: [key], value: 'old' })));
  const committed = store.commit([
    { table: 'a', key: ['k1'], value: 'new' },
    { table: 'a', key: ['k2'], value: undefined },
    { table: 'a', key: ['k3'], value: 'new' },
  ]);
  const read = (newest: boolean): unknown[] => [...store.range('a', { newest })].map(({ key, value }) => [...key, value]);
  expect(read(false)).toEqual([
    ['k1', 'old'],
    ['k2', 'old'],
  ]);
  expect(read(true)).toEqual([
    ['k1', 'new'],
    ['k2', 'old'],
  ]);
  await committed;
  expect(read(true)).toEqual([
    ['k1', 'new'],
    ['k3', 'new'],
  ]);
});

it('keeps showing a commit under way when the disk refuses a later one of the same key', async () => {
  const folder = tempFolder();
  const store = closing(new Store(folder, { tables: ['a'] }));
  const first = store.commit([put(['k'], 'first')]);
  // The disk is asked once in a turn.
  await new Promise((resolve) => setImmediate(resolve));
  renameSync(dataFile(folder), join(folder, 'away'));
  const second = store.commit([put(['k'], 'second')]);
  renameSync(join(folder, 'away'), dataFile(folder));
  expect(store.get('a', ['k'])).toBe('second');
  await expect(second).rejects.toThrow('cannot write');
  expect(store.get('a', ['k'])).toBe('first');
  await first;
  expect(store.get('a', ['k'])).toBe('first');
});

it('lets later commits of a key win over earlier ones', async () => {
  const folder = tempFolder();
  const store = new Store(folder, { tables: ['a'] });
  const commits = Array.from({ length: 300 }, async (_, n) => store.commit([put(['k'], n)]));
  expect(store.get('a', ['k'])).toBe(299);
  await commits[100];
  expect(store.get('a', ['k'])).toBe(299);
  await Promise.all(commits);
  await store.close();
  expect(closing(new Store(folder, { tables: ['a'] })).get('a', ['k'])).toBe(299);
});

it('behaves like a map under any sequence of commits and waits', async () => {
  const store = tempStore('a');
  let run = 0;
  const step = fc.oneof(
    fc.record({
      kind: fc.constant('write' as const),
      rows: fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.option(fc.nat())), { maxLength: 4 }),
    }),
    fc.constant({ kind: 'wait' as const }),
    fc.constant({ kind: 'turn' as const }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20, size: 'max' }), async (steps) => {
      run++;
      const model = new Map<number, number>();
      let last: Promise<void> = Promise.resolve();
      for (const one of steps) {
        if (one.kind === 'wait') await last;
        else if (one.kind === 'turn') await new Promise((resolve) => setImmediate(resolve));
        else {
          last = store.commit(one.rows.map(([id, value]) => put([run, id], value ?? undefined)));
          for (const [id, value] of one.rows) {
            if (value === null) model.delete(id);
            else model.set(id, value);
          }
        }
        for (let id = 0; id <= 4; id++) expect(store.get('a', [run, id])).toBe(model.get(id));
      }
      await store.settled();
      const sorted = [...model].sort(([a], [b]) => a - b);
      expect([...store.range('a', { prefix: [run] })].map(({ key, value }) => [key[1], value])).toEqual(sorted);
    }),
    { numRuns: 60 },
  );
});

it('returns buffers as buffers that no later read overwrites', async () => {
  const store = tempStore('a');
  const values = Array.from({ length: 50 }, (_, n) => Buffer.alloc(200 + n, n));
  await store.commit(values.map((value, n) => put([n], { plain: value, nested: [{ deep: value }] })));
  const read = values.map((_, n) => store.get<{ plain: Buffer; nested: { deep: Buffer }[] }>('a', [n]));
  await store.commit(values.map((value, n) => put([n], { plain: Buffer.alloc(value.length, 0xff), nested: [] })));
  for (const { value } of store.range<{ plain: Buffer }>('a')) expect(Buffer.isBuffer(value.plain)).toBe(true);
  for (const [n, value] of values.entries()) {
    expect(Buffer.isBuffer(read[n]?.plain)).toBe(true);
    expect(read[n]?.plain).toEqual(value);
    expect(read[n]?.nested[0]?.deep).toEqual(value);
  }
});

it('does not change a row when somebody changes what was read', async () => {
  const store = tempStore('a');
  await store.commit([put(['k'], { bytes: Buffer.from('abc'), list: [1] })]);
  const read = store.get<{ bytes: Buffer; list: number[] }>('a', ['k']);
  read?.bytes.fill(0);
  read?.list.push(2);
  expect(store.get('a', ['k'])).toEqual({ bytes: Buffer.from('abc'), list: [1] });
});

it('writes a value as it was when the commit began', async () => {
  const store = tempStore('a');
  const bytes = Buffer.from('abc');
  const committed = store.commit([put(['k'], { bytes })]);
  bytes.fill(0);
  await committed;
  expect(store.get('a', ['k'])).toEqual({ bytes: Buffer.from('abc') });
});

it('keeps undefined, null, dates and large numbers', async () => {
  const store = tempStore('a');
  const value = { absent: undefined, nothing: null, at: new Date(5), large: 2 ** 53 - 1, fraction: 1.5, text: '…' };
  await store.commit([put(['k'], value)]);
  expect(store.get('a', ['k'])).toStrictEqual(value);
});

it('is settled when every commit has ended, well or not', async () => {
  const store = tempStore('a');
  const ended: string[] = [];
  void store.commit([put(['k'], 1)]).then(() => ended.push('committed'));
  store.commit([put(['k'], 1, 'no such table')]).catch(() => ended.push('refused'));
  await store.settled();
  await Promise.resolve();
  expect(ended.sort()).toEqual(['committed', 'refused']);
  await store.settled();
});

it('finds everything again after it was closed, also what nobody waited for', async () => {
  const folder = tempFolder();
  const store = new Store(folder, { tables: ['a', 'b'] });
  void store.commit([put(['k'], 1), put(['k'], 2, 'b')]);
  await store.close();
  const reopened = closing(new Store(folder, { tables: ['a', 'b'] }));
  expect([reopened.get('a', ['k']), reopened.get('b', ['k'])]).toEqual([1, 2]);
});

it('lets only its owner into its folder', () => {
  const folder = `${tempFolder()}/deep/store`;
  closing(new Store(folder, { tables: ['a'] }));
  expect(statSync(folder).mode & 0o777).toBe(0o700);
});
