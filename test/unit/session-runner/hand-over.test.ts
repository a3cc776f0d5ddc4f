import { expect, it, onTestFinished } from 'vitest';
import { HandOver } from '../../../session-runner/hand-over.js';
import { Spool } from '../../../session-runner/messages/spool.js';
import { openStore, type Schema } from '../../../shared/store/open-store.js';
import { openSlotStore, SLOT_SCHEMA, SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { slotFolder } from '../../../supervisor/data-folders.js';
import { quietLog } from '../../fixtures/quiet-log.js';
import { slotReaders } from '../../fixtures/slot-readers.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';

const FIRST: Schema = {
  version: 1,
  tables: SLOT_SCHEMA.tables.filter((table) => table !== SLOT_TABLES.loginKeys),
  sealed: SLOT_SCHEMA.sealed.filter((table) => table !== SLOT_TABLES.loginKeys),
  tracked: SLOT_SCHEMA.tracked,
  migrations: {},
};
const KEY = ['s', 'session', 'a.0'];

const adoptFrom = async (schema: Schema) => {
  const dataDir = tempFolder();
  const source = await openStore(slotFolder(dataDir, 0), schema, { track: false });
  await source.commit([{ table: SLOT_TABLES.keys, key: KEY, value: Buffer.from('ratchet') }]);
  await source.close();
  const store = closing(await openSlotStore(slotFolder(dataDir, 1)));
  const spool = new Spool({ store, log: quietLog(), ship: async () => Promise.resolve() });
  const handOver = new HandOver({ store, spool });
  const readers = slotReaders(dataDir);
  onTestFinished(async () => readers.close());
  const adopted = await readers.withCopy(0, 's', async (copy) => handOver.adopt('s', copy, new AbortController().signal));
  return { store, adopted };
};

it('adopts a session from a store that nobody opened since an older version wrote it', async () => {
  const { store, adopted } = await adoptFrom(FIRST);
  expect(adopted).toBe(1);
  expect(rowsIn(store, SLOT_TABLES.keys)).toEqual([[KEY, Buffer.from('ratchet')]]);
});

it('adopts nothing from a store of a newer version', async () => {
  await expect(adoptFrom({ ...SLOT_SCHEMA, version: SLOT_SCHEMA.version + 1 })).rejects.toThrow('another schema');
});

it('brings the store of an older version forward when it is opened', async () => {
  const folder = tempFolder();
  const before = await openStore(folder, FIRST, { track: false });
  await before.commit([{ table: SLOT_TABLES.keys, key: KEY, value: Buffer.from('ratchet') }]);
  await before.close();
  const store = await openSlotStore(folder);
  await store.copyOnly(SLOT_TABLES.keys, ['s'], [KEY]);
  expect(store.getCopy(SLOT_TABLES.keys, KEY)).toEqual({ value: Buffer.from('ratchet') });
  await store.close();
  await expect(openStore(folder, FIRST, { track: false })).rejects.toThrow('this program knows 1');
});
