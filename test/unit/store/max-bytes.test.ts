import { expect, it } from 'vitest';
import { Store } from '../../../shared/store/store.js';
import { eventually } from '../../fixtures/eventually.js';
import { closing, tempFolder } from './temp-store.js';

const MAX_BYTES = 2 * 1024 * 1024;
const row = (n: number) => ({ table: 'a', key: [n], value: Buffer.alloc(50_000, n) });
const refused = { code: 'STORAGE_UNAVAILABLE', retryAfterSeconds: 5 };

/** Writes rows until one is refused. */
const fill = async (store: Store, from = 0): Promise<{ rows: number; error: unknown }> => {
  for (let n = from; n < from + 10_000; n++) {
    try {
      await store.commit([row(n)]);
    } catch (error) {
      return { rows: n - from, error };
    }
  }
  return { rows: 10_000, error: undefined };
};

it('refuses writes once its rows fill the size it may have, not removals, and takes writes again when there is room', async () => {
  const store = closing(new Store(tempFolder(), { tables: ['a'], maxBytes: MAX_BYTES }));
  const { rows, error } = await fill(store);
  expect(rows).toBeGreaterThan(20);
  expect(error).toMatchObject(refused);
  expect(store.get('a', [rows])).toBeUndefined();
  expect(store.get('a', [0])).toEqual(Buffer.alloc(50_000));

  await store.commit(Array.from({ length: rows - 5 }, (_, n) => ({ table: 'a', key: [n], value: undefined })));
  expect(store.count('a', [])).toBe(5);
  let roomAgain = false;
  await eventually(() => {
    void store.commit([row(-1)]).then(
      () => (roomAgain = true),
      (refusal: unknown) => {
        expect(refusal).toMatchObject(refused);
      },
    );
    return roomAgain;
  }, 'a write is taken');
  expect((await fill(store, 20_000)).rows).toBeGreaterThan(10);
});

it('is bounded by what it holds already when it is opened', async () => {
  const folder = tempFolder();
  const store = new Store(folder, { tables: ['a'] });
  for (let n = 0; n < 60; n++) await store.commit([row(n)]);
  await store.close();
  const bounded = closing(new Store(folder, { tables: ['a'], maxBytes: MAX_BYTES }));
  await expect(bounded.commit([row(60)])).rejects.toMatchObject(refused);
  await expect(bounded.commitRaw([{ table: 'a', key: [60], value: Buffer.alloc(1) }])).rejects.toMatchObject(refused);
  await bounded.commit([{ table: 'a', key: [1], value: undefined }]);
});
