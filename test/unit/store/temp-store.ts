import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { Store } from '../../../shared/store/store.js';

/** A folder of its own for the test that runs, gone after it. */
export const tempFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'worker-unit-'));
  onTestFinished(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  return folder;
};

/** Closes `store` after the test, before its folder goes. */
export const closing = <S extends Store>(store: S): S => {
  onTestFinished(async () => {
    await store.close();
  });
  return store;
};

export const tempStore = (...tables: string[]): Store => closing(new Store(tempFolder(), { tables }));

/** What a table holds on disk, in order. */
export const rowsIn = (store: Store, table: string): [key: readonly (string | number)[], value: unknown][] =>
  [...store.range(table)].map(({ key, value }) => [key, value]);
