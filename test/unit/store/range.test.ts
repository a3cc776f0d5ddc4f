import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Key, RangeOptions, Store } from '../../../shared/store/store.js';
import { tempStore } from './temp-store.js';

const filled = async (keys: Key[]): Promise<Store> => {
  const store = tempStore('a');
  await store.commit(keys.map((key) => ({ table: 'a', key, value: key.join('/') })));
  return store;
};
const found = (store: Store, options: RangeOptions): string[] => [...store.range<string>('a', options)].map(({ value }) => value);

it('gives user1 nothing of user10', async () => {
  const store = await filled([
    ['user1', 'a'],
    ['user1', 'b'],
    ['user10', 'a'],
    ['user2', 'a'],
    ['user', 'a'],
  ]);
  expect(found(store, { prefix: ['user1'] })).toEqual(['user1/a', 'user1/b']);
  expect(store.count('a', ['user1'])).toBe(2);
  expect(store.count('a', ['user'])).toBe(1);
  expect(store.count('a', ['nobody'])).toBe(0);
});

it('takes the row whose key is the prefix itself, in both directions', async () => {
  const store = await filled([['user1'], ['user1', 'a'], ['user2']]);
  expect(found(store, { prefix: ['user1'] })).toEqual(['user1', 'user1/a']);
  expect(found(store, { prefix: ['user1'], reverse: true })).toEqual(['user1/a', 'user1']);
  expect(store.count('a', ['user1'])).toBe(2);
});

it('sorts numbers as numbers, before texts', async () => {
  const store = await filled([
    ['s', 10],
    ['s', 9],
    ['s', 1_700_000_000_000],
    ['s', 'x'],
    ['s', -1],
  ]);
  expect(found(store, { prefix: ['s'] })).toEqual(['s/-1', 's/9', 's/10', 's/1700000000000', 's/x']);
});

it('walks every row without a prefix', async () => {
  const store = await filled([['a'], ['b', 1], ['ü']]);
  expect(found(store, {})).toEqual(['a', 'b/1', 'ü']);
  expect(found(store, { reverse: true })).toEqual(['ü', 'b/1', 'a']);
  expect(store.count('a', [])).toBe(3);
});

it('finds keys of any letters below their prefix', async () => {
  const store = await filled([
    ['s', '\u{10ffff}'],
    ['s', '\uffff'],
    ['s', ''],
  ]);
  expect(found(store, { prefix: ['s'] })).toHaveLength(3);
});

it('pages like a slice of the sorted rows', async () => {
  const store = tempStore('a');
  let run = 0;
  const rows = fc.uniqueArray(fc.tuple(fc.constantFrom('user', 'user1', 'user10', 'user2'), fc.integer({ min: -5, max: 50 })), {
    selector: String,
    maxLength: 25,
  });
  const paging = fc.record(
    { reverse: fc.boolean(), limit: fc.integer({ min: 0, max: 8 }), offset: fc.integer({ min: 0, max: 8 }) },
    { requiredKeys: [] },
  );
  await fc.assert(
    fc.asyncProperty(rows, paging, async (keys, options) => {
      run++;
      await store.commit(keys.map((key) => ({ table: 'a', key: [run, ...key], value: key[1] })));
      const expected = keys
        .filter(([user]) => user === 'user1')
        .map(([, n]) => n)
        .sort((a, b) => a - b);
      if (options.reverse) expected.reverse();
      const from = options.offset ?? 0;
      const page = [...store.range<number>('a', { prefix: [run, 'user1'], ...options })].map(({ value }) => value);
      expect(page).toEqual(expected.slice(from, options.limit === undefined ? undefined : from + options.limit));
      expect(store.count('a', [run, 'user1'])).toBe(expected.length);
    }),
    { numRuns: 60 },
  );
});
