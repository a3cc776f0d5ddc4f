import { expect, it } from 'vitest';
import { openStore } from '../../../shared/store/open-store.js';
import { closing, tempFolder } from './temp-store.js';

it('opens a store of its own version again', async () => {
  const folder = tempFolder();
  const store = await openStore(folder, ['a'], 3);
  await store.commit([{ table: 'a', key: ['k'], value: 1 }]);
  await store.close();
  expect(closing(await openStore(folder, ['a'], 3)).get('a', ['k'])).toBe(1);
});

it('refuses a store that a newer program wrote, and leaves it as it is', async () => {
  const folder = tempFolder();
  const newer = await openStore(folder, ['a'], 2);
  await newer.commit([{ table: 'a', key: ['k'], value: 1 }]);
  await newer.close();
  await expect(openStore(folder, ['a'], 1)).rejects.toThrow(/schema version 2, this program knows 1/);
  expect(closing(await openStore(folder, ['a'], 2)).get('a', ['k'])).toBe(1);
});
