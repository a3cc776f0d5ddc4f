import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { openStore, type Schema } from '../../../shared/store/open-store.js';
import { isSealed, RowCipher } from '../../../shared/store/row-cipher.js';
import { StoreRefusedError } from '../../../shared/store/store-refused-error.js';
import type { Store } from '../../../shared/store/store.js';
import { openInChild } from './child.js';
import { tempFolder } from './temp-store.js';

const schema: Schema = { version: 1, tables: ['a', 'secret'], sealed: ['secret'], tracked: ['a', 'secret'], migrations: {} };
const [first, second, third] = [randomBytes(32), randomBytes(32), randomBytes(32)];

const opened = async (folder: string, keys: Buffer[], track = false): Promise<Store> =>
  openStore(folder, schema, { track, cipher: keys.length > 0 ? new RowCipher(keys) : undefined });

/** A store closed again, with `rows` rows in its table of secrets. */
const storeOf = async (rows: number, keys: Buffer[]): Promise<string> => {
  const folder = tempFolder();
  const store = await opened(folder, keys);
  await store.commit(Array.from({ length: rows }, (_, n) => ({ table: 'secret', key: [n], value: { n } })));
  await store.close();
  return folder;
};

const sealedRows = (store: Store): number => [...store.rawRange('secret')].filter(({ value }) => isSealed(value)).length;
const idOf = (key: Buffer): string => new RowCipher([key]).keyId;

it('seals the rows of a clear store when it is opened with a key, and logs them as changes', async () => {
  const folder = await storeOf(1_200, []);
  const store = await opened(folder, [first], true);
  expect(sealedRows(store)).toBe(1_200);
  expect([...store.range('secret')].map(({ value }) => value)).toEqual(Array.from({ length: 1_200 }, (_, n) => ({ n })));
  expect(store.readChanges(0, Infinity)?.rows).toHaveLength(1_200);
  await store.close();
});

it('seals every row anew when the first key is another, and then does without the old one', async () => {
  const folder = await storeOf(700, [first]);
  await (await opened(folder, [second, first])).close();
  const store = await opened(folder, [second]);
  expect([...store.range('secret')]).toHaveLength(700);
  await store.close();
  await expect(opened(folder, [first])).rejects.toThrow(
    `encrypted with key ${idOf(second)}, which is not among AUTH_ENCRYPTION_KEY; add it`,
  );
});

it('refuses a sealed store without a key, or with a wrong one, and leaves it as it is', async () => {
  const folder = await storeOf(3, [first]);
  for (const [keys, sentence] of [
    [[], 'The credentials are encrypted; set AUTH_ENCRYPTION_KEY to the key they were encrypted with.'],
    [[second], `The credentials are encrypted with key ${idOf(first)}, which is not among AUTH_ENCRYPTION_KEY; add it after the new one.`],
  ] as const) {
    const refused = opened(folder, [...keys]);
    await expect(refused).rejects.toThrow(StoreRefusedError);
    await expect(refused).rejects.toThrow(sentence);
  }
  const store = await opened(folder, [first]);
  expect(sealedRows(store)).toBe(3);
  await store.close();
});

it('refuses a store with a row that was changed, when the row has to be sealed anew', async () => {
  const folder = await storeOf(3, [first]);
  const store = await opened(folder, [first]);
  const value = [...store.rawRange('secret')][1]?.value;
  value?.writeUInt8(value.readUInt8(value.length - 1) ^ 1, value.length - 1);
  await store.commitRaw([{ table: 'secret', key: [1], value }]);
  await store.close();
  await expect(opened(folder, [second, first])).rejects.toThrow(StoreRefusedError);
  await expect(opened(folder, [second, first])).rejects.toThrow('An encrypted row was changed or belongs elsewhere.');
});

it('loses nothing when it is killed while it seals, and never takes the half-sealed store for a clear one', async () => {
  const rows = 4_000;
  let folder = await storeOf(rows, []);
  let keys: Buffer[] = [];
  let interrupted = 0;
  for (const afterMs of [5, 15, 25, 40, 60, 80, 110, 150]) {
    const next = [...keys.slice(0, 1)];
    keys = [[first, second, third].find((key) => !keys.includes(key)) ?? first, ...next];
    const { signal } = await openInChild(folder, { keys: keys.map((key) => key.toString('hex')) }, { on: 'opening', afterMs });
    if (signal !== 'SIGKILL') {
      folder = await storeOf(rows, []);
      keys = [];
      continue;
    }
    const refusal = await opened(folder, []).then(
      async (store) => {
        expect(sealedRows(store)).toBe(0);
        await store.close();
        return undefined;
      },
      (error: unknown) => error,
    );
    if (refusal) {
      expect(refusal).toBeInstanceOf(StoreRefusedError);
      interrupted++;
    }
    const store = await opened(folder, keys);
    expect(sealedRows(store)).toBe(rows);
    expect([...store.range<{ n: number }>('secret')].every(({ key, value }) => value.n === key[0])).toBe(true);
    await store.close();
  }
  expect(interrupted).toBeGreaterThan(0);
});
