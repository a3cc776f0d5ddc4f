import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { StoreReader } from '../../../shared/store/store-reader.js';
import { Store } from '../../../shared/store/store.js';
import { eventually } from '../../fixtures/eventually.js';
import { openInChild, startChild } from './child.js';
import { tempFolder } from './temp-store.js';

const TABLES = { tables: ['left', 'right'], sealed: [] };

const readerOf = (folder: string, options: { tables: string[]; sealed: string[] } = TABLES): StoreReader => {
  const reader = StoreReader.open(folder, options);
  if (!reader) throw new Error('there is no store');
  onTestFinished(async () => reader.close());
  return reader;
};

/** A store that another process writes as fast as it can, opened for reading before. */
const writtenStore = async (): Promise<{
  reader: StoreReader;
  acknowledged: () => number;
  signal: (name: NodeJS.Signals) => void;
  isStopped: () => boolean;
}> => {
  const folder = tempFolder();
  await new Store(folder, TABLES).close();
  const reader = readerOf(folder);
  const writer = startChild('writing-child', folder);
  let last = 0;
  writer.on('message', (n) => (last = Math.max(last, Number(n))));
  await eventually(() => last > 20, 'the writer writes');
  return {
    reader,
    acknowledged: () => last,
    signal: (name) => writer.kill(name),
    isStopped: () => readFileSync(`/proc/${writer.pid}/stat`, 'utf8').includes(') T '),
  };
};

it('sees what another process has committed, from the next refresh on', async () => {
  const { reader, acknowledged } = await writtenStore();
  for (let turn = 0; turn < 30; turn++) {
    const known = acknowledged();
    reader.refresh();
    expect(reader.get<{ n: number }>('left', [known])?.n).toBe(known);
    expect(reader.get('right', [known])).toEqual(reader.get('left', [known]));
    await eventually(() => acknowledged() > known, 'the next commit');
  }
});

it('sees one state of the store within a turn, while it is written', async () => {
  const { reader, acknowledged } = await writtenStore();
  const counts = new Set<number>();
  for (let turn = 0; turn < 40; turn++) {
    const known = acknowledged();
    reader.refresh();
    const left = [...reader.range<{ n: number }>('left')].map(({ key }) => key[0]);
    const count = reader.count('right', []);
    expect([...reader.range('right')].map(({ key }) => key[0])).toEqual(left);
    expect(count).toBe(left.length);
    counts.add(count);
    await eventually(() => acknowledged() > known, 'the next commit');
  }
  expect(counts.size).toBeGreaterThan(5);
});

it('reads changes that are whole wherever it has caught up, while they are written', async () => {
  const { reader, acknowledged, signal, isStopped } = await writtenStore();
  const tables = new Map<string, Map<number, Buffer>>(TABLES.tables.map((table) => [table, new Map()]));
  let read = 0;
  /** False when there is nothing more to read. */
  const readOn = (): boolean => {
    const batch = reader.readChanges(read, 3_000);
    for (const { table, key, value } of batch?.rows ?? []) if (value) tables.get(table)?.set(Number(key[0]), value);
    read = batch?.to ?? read;
    return batch !== undefined && batch.to < batch.seen;
  };
  for (let round = 0; round < 5; round++) {
    for (let batch = 0; batch < 50; batch++) readOn();
    // It may write faster than anybody reads.
    signal('SIGSTOP');
    await eventually(isStopped, 'the writer stops');
    while (readOn());
    expect(tables.get('left')).toEqual(tables.get('right'));
    expect(tables.get('left')?.size).toBe(read);
    const known = acknowledged();
    signal('SIGCONT');
    await eventually(() => acknowledged() > known, 'the next commit');
  }
  expect(reader.lastChange()).toBeGreaterThanOrEqual(read);
});

it('reads on while the writer is stopped', async () => {
  const { reader, acknowledged, signal, isStopped } = await writtenStore();
  for (let round = 0; round < 10; round++) {
    const known = acknowledged();
    signal('SIGSTOP');
    await eventually(isStopped, 'the writer stops');
    reader.refresh();
    const rows = [...reader.range('left')];
    expect(rows.length).toBeGreaterThanOrEqual(known);
    expect(reader.readChanges(0, Infinity)?.to).toBeGreaterThanOrEqual(rows.length);
    signal('SIGCONT');
    await eventually(() => acknowledged() > known, 'the writer goes on');
  }
});

it('takes tables that are not there yet for empty, and sees them once they are made', async () => {
  const folder = tempFolder();
  await new Store(folder, { tables: [] }).close();
  const reader = readerOf(folder, { tables: ['a', 'secret'], sealed: ['secret'] });
  expect(reader.get('a', ['last'])).toBeUndefined();
  expect(reader.count('a', [])).toBe(0);
  expect([...reader.range('secret')]).toEqual([]);
  expect(reader.readChanges(0, Infinity)).toBeUndefined();
  expect(() => reader.get('none', ['k'])).toThrow('no table none');

  expect((await openInChild(folder, {})).code).toBe(0);
  reader.refresh();
  expect(reader.get('a', ['last'])).toMatchObject({ n: 0 });
  expect(reader.readChanges(0, Infinity)?.rows).toHaveLength(1);
});

it('is not there as long as there is no store', () => {
  const folder = tempFolder();
  expect(StoreReader.open(join(folder, 'nothing'), TABLES)).toBeUndefined();
  mkdirSync(join(folder, 'begun'));
  writeFileSync(join(folder, 'begun', 'data.mdb'), '');
  expect(StoreReader.open(join(folder, 'begun'), TABLES)).toBeUndefined();
});
