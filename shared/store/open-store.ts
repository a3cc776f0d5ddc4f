import { Store } from './store.js';

const META = 'meta';

/** Opens the store in folder `path` whose rows have `version`; a store written by a newer program is refused, never changed. */
export const openStore = async (path: string, tables: readonly string[], version: number): Promise<Store> => {
  const store = new Store(path, [META, ...tables]);
  const found = store.get<number>(META, ['schemaVersion']);
  if (found !== undefined && found > version) {
    await store.close();
    throw new Error(`The store in ${path} has schema version ${found}, this program knows ${version}; run the newer program.`);
  }
  if (found === undefined) await store.commit([{ table: META, key: ['schemaVersion'], value: version }]);
  return store;
};
