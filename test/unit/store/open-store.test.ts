import { expect, it } from 'vitest';
import { openStore, type Schema } from '../../../shared/store/open-store.js';
import { StoreRefusedError } from '../../../shared/store/store-refused-error.js';
import type { Store } from '../../../shared/store/store.js';
import { closing, tempFolder } from './temp-store.js';

const schema = (version: number, migrations: Schema['migrations'] = {}): Schema => ({
  version,
  tables: ['a'],
  sealed: [],
  tracked: ['a'],
  migrations,
});

const write = async (store: Store, ...rows: [key: string, value: unknown][]): Promise<void> =>
  store.commit(rows.map(([key, value]) => ({ table: 'a', key: [key], value })));

it('opens a store of its own version again', async () => {
  const folder = tempFolder();
  const store = await openStore(folder, schema(3), { track: false });
  await write(store, ['k', 1]);
  await store.close();
  expect(closing(await openStore(folder, schema(3), { track: false })).get('a', ['k'])).toBe(1);
});

it('refuses a store that a newer program wrote, and leaves it as it is', async () => {
  const folder = tempFolder();
  const newer = await openStore(folder, schema(2), { track: true });
  await write(newer, ['k', 1]);
  await newer.close();
  const opened = openStore(folder, schema(1), { track: false });
  await expect(opened).rejects.toThrow(StoreRefusedError);
  await expect(opened).rejects.toThrow(/schema version 2, this program knows 1/);
  const again = closing(await openStore(folder, schema(2), { track: true }));
  expect(again.get('a', ['k'])).toBe(1);
  expect(again.readChanges(0, Infinity)?.to).toBe(1);
});

it('leads an older store through every version up to its own, each batch committed before the next is asked for', async () => {
  const folder = tempFolder();
  const old = await openStore(folder, schema(1), { track: false });
  await write(old, ['x', 1], ['y', 2]);
  await old.close();

  const steps: string[] = [];
  const migrated = closing(
    await openStore(
      folder,
      schema(3, {
        2: function* (store) {
          for (const { key, value } of [...store.range<number>('a')]) {
            yield [{ table: 'a', key, value: value * 10 }];
            steps.push(`2: ${String(key[0])} is ${store.get<number>('a', key)}`);
          }
        },
        3: (store) => {
          steps.push(`3: y is ${store.get<number>('a', ['y'])}`);
          return [[{ table: 'a', key: ['z'], value: 3 }]];
        },
      }),
      { track: true },
    ),
  );
  expect(steps).toEqual(['2: x is 10', '2: y is 20', '3: y is 20']);
  expect([...migrated.range('a')].map(({ value }) => value)).toEqual([10, 20, 3]);
  expect(migrated.readChanges(0, Infinity)?.rows.map(({ key }) => key)).toEqual([['x'], ['y'], ['z']]);
});

it('begins a migration that failed from its first batch, and knows nothing of it when it ran through', async () => {
  const folder = tempFolder();
  await (await openStore(folder, schema(1), { track: false })).close();
  let batches = 0;
  const failing = schema(2, {
    2: function* () {
      yield [{ table: 'a', key: ['n'], value: ++batches }];
      if (batches < 2) throw new Error('the power went');
    },
  });
  await expect(openStore(folder, failing, { track: false })).rejects.toThrow('the power went');
  const store = await openStore(folder, failing, { track: false });
  expect(store.get('a', ['n'])).toBe(2);
  await store.close();
  await (await openStore(folder, failing, { track: false })).close();
  expect(batches).toBe(2);
});

it('does not migrate a new store', async () => {
  const store = closing(await openStore(tempFolder(), schema(2, { 2: () => [[{ table: 'a', key: ['k'], value: 1 }]] }), { track: false }));
  expect(store.get('a', ['k'])).toBeUndefined();
});
