import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { ChangeBatch } from '../../../shared/store/change-log.js';
import { openStore, trackedSince, type Schema } from '../../../shared/store/open-store.js';
import { Store, type Write } from '../../../shared/store/store.js';
import { outcomeOf, startChild } from './child.js';
import { closing, tempFolder, tempStore } from './temp-store.js';

const put = (table: string, key: (string | number)[], value: unknown): Write => ({ table, key, value });
const trackedStore = (): Store => closing(new Store(tempFolder(), { tables: ['a', 'b', 'untracked'], tracked: ['a', 'b'] }));

/** Everything after `from`, in batches of `maxBytes`. */
const batches = (store: Pick<Store, 'readChanges'>, from: number, maxBytes: number): ChangeBatch[] => {
  const found: ChangeBatch[] = [];
  for (let batch = store.readChanges(from, maxBytes); batch; batch = store.readChanges(batch.to, maxBytes)) found.push(batch);
  return found;
};

it('makes the same rows again from its batches, of any size, read at any time', async () => {
  const store = trackedStore();
  const write = fc.tuple(fc.constantFrom('a', 'b', 'untracked'), fc.integer({ min: 0, max: 4 }), fc.option(fc.nat(), { nil: undefined }));
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ writes: fc.array(write, { minLength: 1, maxLength: 5 }) }) },
    { weight: 2, arbitrary: fc.record({ maxBytes: fc.integer({ min: 0, max: 600 }) }) },
  );
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25, size: 'max' }), async (steps) => {
      run++;
      let read = store.lastChange;
      let seen = 0;
      const model = new Map<string, unknown>();
      const modelAt = new Map<number, Map<string, unknown>>();
      const replayed = new Map<string, unknown>();
      const replay = (maxBytes: number): boolean => {
        const batch = store.readChanges(read, maxBytes);
        if (!batch) return false;
        expect(batch.from).toBe(read);
        expect(batch.to).toBeGreaterThan(read);
        for (const { table, key, value } of batch.rows) {
          expect(table).not.toBe('untracked');
          if (value === undefined) replayed.delete(JSON.stringify([table, ...key]));
          else replayed.set(JSON.stringify([table, ...key]), store.decode(table, key, value));
        }
        read = batch.to;
        seen = Math.max(seen, batch.seen);
        if (read >= seen) expect(replayed).toEqual(modelAt.get(read));
        return true;
      };
      for (const one of steps) {
        if ('maxBytes' in one) {
          replay(one.maxBytes);
          continue;
        }
        const writes = one.writes.map(([table, id, value]) => put(table, [run, id], value));
        await store.commit(writes);
        const tracked = writes.filter(({ table }) => table !== 'untracked');
        for (const { table, key, value } of tracked) {
          if (value === undefined) model.delete(JSON.stringify([table, ...key]));
          else model.set(JSON.stringify([table, ...key]), value);
        }
        if (tracked.length > 0) modelAt.set(store.lastChange, new Map(model));
      }
      while (replay(50));
      expect(read).toBe(store.lastChange);
      expect(replayed).toEqual(model);
    }),
    { numRuns: 60 },
  );
});

it('tells of a removal, and of every row once with its newest value', async () => {
  const store = trackedStore();
  await store.commit([put('a', ['k'], 1), put('a', ['gone'], 1)]);
  await store.commit([put('a', ['k'], 2)]);
  await store.commit([put('a', ['gone'], undefined)]);
  const batch = store.readChanges(0, Infinity);
  expect(batch).toMatchObject({ from: 0, to: 3, seen: 3 });
  expect(batch?.rows.map(({ key, value }) => [key, value && store.decode('a', key, value)])).toEqual([
    [['k'], 2],
    [['gone'], undefined],
  ]);
});

it('gives at least one commit however little is asked for, and nothing when there is nothing', async () => {
  const store = trackedStore();
  expect(store.readChanges(0, Infinity)).toBeUndefined();
  for (const n of [1, 2, 3]) await store.commit([put('a', [n], Buffer.alloc(500))]);
  expect(batches(store, 0, 0).map(({ to }) => to)).toEqual([1, 2, 3]);
  expect(store.readChanges(3, Infinity)).toBeUndefined();
});

it('numbers nothing for rows that are not tracked, and keeps no log without tracked tables', async () => {
  const store = trackedStore();
  await store.commit([put('untracked', ['k'], 1)]);
  expect(store.lastChange).toBe(0);
  await store.commit([put('untracked', ['k'], 2), put('a', ['k'], 1)]);
  expect(store.readChanges(0, Infinity)?.rows.map(({ table }) => table)).toEqual(['a']);
  const plain = tempStore('a');
  await plain.commit([put('a', ['k'], 1)]);
  expect(plain.readChanges(0, Infinity)).toBeUndefined();
});

it('logs rows that are committed raw', async () => {
  const [from, to] = [trackedStore(), trackedStore()];
  await from.commit([put('a', ['k'], { n: 1 })]);
  await to.commitRaw(from.readChanges(0, Infinity)?.rows ?? []);
  expect(to.get('a', ['k'])).toEqual({ n: 1 });
  expect(to.readChanges(0, Infinity)?.rows).toEqual(from.readChanges(0, Infinity)?.rows);
});

it('forgets what is trimmed and nothing else, and goes on counting', async () => {
  const folder = tempFolder();
  const options = { tables: ['a'], tracked: ['a'] };
  const store = new Store(folder, options);
  for (let n = 1; n <= 2_500; n += 100) {
    await Promise.all(Array.from({ length: 100 }, async (_, offset) => store.commit([put('a', [n + offset], n)])));
  }
  await store.trimChanges(2_400);
  expect(store.readChanges(0, 0)).toMatchObject({ from: 0, to: 2_401 });
  await store.trimChanges(Infinity);
  expect(store.readChanges(0, Infinity)).toBeUndefined();
  await store.close();
  const again = closing(new Store(folder, options));
  await again.commit([put('a', [0], 0)]);
  expect(again.readChanges(2_500, Infinity)).toMatchObject({ to: 2_501, seen: 2_501 });
});

it('goes on counting without a gap after its writer was killed', async () => {
  const folder = tempFolder();
  let last = 0;
  for (const from of [1, 100_000]) {
    const child = startChild('writing-child', folder, String(from));
    let acknowledged = 0;
    await outcomeOf(child, () => {
      if (++acknowledged === 100) child.kill('SIGKILL');
    });
    const store = new Store(folder, { tables: ['left', 'right'], tracked: ['left', 'right'] });
    expect(store.lastChange).toBeGreaterThanOrEqual(last + 100);
    const all = batches(store, last, 10_000);
    expect(all.at(-1)?.to).toBe(store.lastChange);
    const rows = all.flatMap((batch) => batch.rows);
    expect(rows).toHaveLength(2 * (store.lastChange - last));
    expect(rows.every(({ value }) => value !== undefined)).toBe(true);
    last = store.lastChange;
    await store.close();
  }
});

const schema: Schema = { version: 1, tables: ['a'], sealed: [], tracked: ['a'], migrations: {} };

it('keeps the time since which it is complete, until it is ended; begun again, it has another', async () => {
  const folder = tempFolder();
  const times: (string | undefined)[] = [];
  const logged: (number | undefined)[] = [];
  for (const track of [true, true, false, true]) {
    const store = await openStore(folder, schema, { track });
    times.push(trackedSince(store));
    await store.commit([put('a', ['k'], times.length)]);
    logged.push(store.readChanges(0, Infinity)?.to);
    await store.close();
  }
  expect(times[0]).toMatch(/./);
  expect(times).toEqual([times[0], times[0], undefined, times[3]]);
  expect(times[3]).not.toBe(times[0]);
  expect(logged).toEqual([1, 2, undefined, 1]);
});

it('throws away what a kill left of an ended log before it begins another', async () => {
  const folder = tempFolder();
  const tracked = await openStore(folder, schema, { track: true });
  await tracked.commit([put('a', ['old'], 1)]);
  await tracked.commit([{ table: 'meta', key: ['trackedSince'], value: undefined }]);
  await tracked.close();
  const again = closing(await openStore(folder, schema, { track: true }));
  expect(again.readChanges(0, Infinity)).toBeUndefined();
});
