import { expect, it } from 'vitest';
import { openStore, type Schema } from '../../../shared/store/open-store.js';
import { EXIT } from '../../../shared/exit-codes.js';
import { openInChild } from './child.js';
import { closing, tempFolder } from './temp-store.js';

const schema = (version: number): Schema => ({ version, tables: ['a', 'secret'], sealed: ['secret'], tracked: ['a'], migrations: {} });
const ROWS = 20;

it('ends a migration that was killed at any of its batches when it is opened again', async () => {
  for (const times of [1, 2, 10, ROWS]) {
    const folder = tempFolder();
    const old = await openStore(folder, schema(1), { track: false });
    await old.commit(Array.from({ length: ROWS }, (_, n) => ({ table: 'a', key: [n], value: { n } })));
    await old.close();
    expect((await openInChild(folder, { version: 2 }, { on: 'migrating', times })).signal).toBe('SIGKILL');
    expect((await openInChild(folder, { version: 2 })).code).toBe(0);
    const store = closing(await openStore(folder, schema(2), { track: false }));
    const values = [...store.range<{ n: number }>('a')].filter(({ key }) => key[0] !== 'last').map(({ value }) => value.n);
    expect(values).toEqual(Array.from({ length: ROWS }, (_, n) => n * 2));
  }
});

it('ends the process that is too old with the exit code that asks for a person', async () => {
  const folder = tempFolder();
  await (await openStore(folder, schema(3), { track: false })).close();
  const { code, errors } = await openInChild(folder, { version: 2 });
  expect(code).toBe(EXIT.config);
  expect(errors).toContain('has schema version 3, this program knows 2; run the newer program.');
});
