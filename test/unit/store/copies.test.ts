import { renameSync } from 'node:fs';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { dataFile } from '../../../shared/store/store-file.js';
import { Store, type Key } from '../../../shared/store/store.js';
import { closing, rowsIn, tempFolder } from './temp-store.js';

const OPTIONS = { tables: ['large', 'copies', 'other'], copies: { large: 'copies' } };
const KEYS: Key[] = [
  ['s', 'a'],
  ['s', 'b'],
  ['t', 'a'],
];
const row = (key: Key, value: unknown) => ({ table: 'large', key, value });

const open = (folder = tempFolder()): Store => closing(new Store(folder, OPTIONS));

/** What begins in `work`, and at once, finds a disk that takes nothing. */
const onRefusingDisk = <T>(folder: string, work: () => T): T => {
  const file = dataFile(folder);
  renameSync(file, `${file}.away`);
  try {
    return work();
  } finally {
    renameSync(`${file}.away`, file);
  }
};

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

it('copies rows, and that they are not there', async () => {
  const store = open();
  await store.commit([row(['s', 'a'], { bytes: Buffer.from([1]) })]);
  await store.copyOnly(
    'large',
    ['s'],
    [
      ['s', 'a'],
      ['s', 'b'],
    ],
  );
  expect(store.getCopy('large', ['s', 'a'])).toEqual({ value: { bytes: Buffer.from([1]) } });
  expect(store.getCopy('large', ['s', 'b'])).toEqual({ value: undefined });
  expect(store.getCopy('large', ['t', 'a'])).toBeUndefined();
});

it('keeps the copies that are there and removes those that are no longer wanted, of this prefix alone', async () => {
  const store = open();
  await store.copyOnly(
    'large',
    ['s'],
    [
      ['s', 'a'],
      ['s', 'b'],
    ],
  );
  await store.copyOnly('large', ['t'], [['t', 'a']]);
  await store.copyOnly('large', ['s'], [['s', 'b']]);
  expect(rowsIn(store, 'copies').map(([key]) => key)).toEqual([
    ['s', 'b'],
    ['t', 'a'],
  ]);
});

it('writes nothing when the copies are there already', async () => {
  const store = closing(new Store(tempFolder(), { ...OPTIONS, tracked: ['copies'] }));
  await store.copyOnly(
    'large',
    ['s'],
    [
      ['s', 'a'],
      ['s', 'b'],
    ],
  );
  const before = store.lastChange;
  await store.copyOnly(
    'large',
    ['s'],
    [
      ['s', 'b'],
      ['s', 'a'],
    ],
  );
  expect(store.lastChange).toBe(before);
});

it.each(['commit', 'commitRaw'] as const)(
  'removes the copy of a row in the %s that writes or removes it, and no other copy',
  async (way) => {
    const store = open();
    const write = async (key: Key, value: unknown): Promise<void> =>
      way === 'commit'
        ? store.commit([row(key, value)])
        : store.commitRaw([{ table: 'large', key, value: value === undefined ? undefined : Buffer.from([1]) }]);
    await store.copyOnly('large', [], KEYS);
    await write(['s', 'a'], 1);
    expect(rowsIn(store, 'copies').map(([key]) => key)).toEqual([
      ['s', 'b'],
      ['t', 'a'],
    ]);
    await write(['s', 'b'], undefined);
    expect(rowsIn(store, 'copies').map(([key]) => key)).toEqual([['t', 'a']]);
    await store.commit([{ table: 'other', key: ['t', 'a'], value: 1 }]);
    expect(store.getCopy('large', ['t', 'a'])).toEqual({ value: undefined });
  },
);

it('shows no copy from the moment on at which its row is written, and shows it again when that fails', async () => {
  const folder = tempFolder();
  const store = open(folder);
  await store.copyOnly('large', ['s'], [['s', 'a']]);
  await turn();
  const refused = onRefusingDisk(folder, async () => store.commit([row(['s', 'a'], 1)]));
  expect(store.getCopy('large', ['s', 'a'])).toBeUndefined();
  await expect(refused).rejects.toThrow('cannot write');
  expect(store.getCopy('large', ['s', 'a'])).toEqual({ value: undefined });
  expect(store.get('large', ['s', 'a'])).toBeUndefined();
});

it('removes the copy also when a commit that was to remove it fails while a second one is under way', async () => {
  const folder = tempFolder();
  const store = open(folder);
  await store.copyOnly('large', ['s'], [['s', 'a']]);
  await turn();
  const refused = onRefusingDisk(folder, async () => store.commit([row(['s', 'a'], 1)]));
  const second = store.commit([row(['s', 'a'], 2)]);
  await expect(refused).rejects.toThrow('cannot write');
  await second;
  expect([store.get('large', ['s', 'a']), store.getCopy('large', ['s', 'a'])]).toEqual([2, undefined]);
});

type Step =
  | { type: 'write'; key: Key; value: number | undefined; raw: boolean }
  | { type: 'refused'; key: Key; value: number; then: number | undefined }
  | { type: 'copy'; keys: Key[] }
  | { type: 'reopen' | 'rest' };

const key = fc.constantFrom(...KEYS);
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      type: fc.constant('write' as const),
      key,
      value: fc.option(fc.nat(9), { nil: undefined }),
      raw: fc.constant(false),
    }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('copy' as const), keys: fc.uniqueArray(key, { selector: String }) }) },
  {
    weight: 2,
    arbitrary: fc.record({ type: fc.constant('refused' as const), key, value: fc.nat(9), then: fc.option(fc.nat(9), { nil: undefined }) }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom('reopen' as const, 'rest' as const) }) },
);

it('never has a copy that says something else than its row, whatever is under way or fails', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = tempFolder();
      let store = new Store(folder, OPTIONS);
      const truth = new Map<string, number>();
      const underWay: Promise<unknown>[] = [];
      const agree = (): void => {
        for (const at of KEYS) {
          const value = truth.get(String(at));
          expect(store.get('large', at)).toBe(value);
          expect([undefined, value]).toContain((store.getCopy('large', at) ?? { value: undefined }).value);
          if (value === undefined) continue;
          expect(store.getCopy('large', at) ?? { value }).toEqual({ value });
        }
      };
      const note = (at: Key, value: number | undefined): void => {
        if (value === undefined) truth.delete(String(at));
        else truth.set(String(at), value);
      };
      try {
        for (const taken of steps) {
          if (taken.type === 'write') {
            underWay.push(store.commit([row(taken.key, taken.value)]));
            note(taken.key, taken.value);
          } else if (taken.type === 'copy') {
            underWay.push(store.copyOnly('large', [], taken.keys));
          } else if (taken.type === 'refused') {
            // The disk is asked once in a turn.
            await turn();
            const refused = onRefusingDisk(folder, async () => store.commit([row(taken.key, taken.value)]));
            if (taken.then !== undefined) {
              underWay.push(store.commit([row(taken.key, taken.then)]));
              note(taken.key, taken.then);
            }
            underWay.push(store.copyOnly('large', [], KEYS));
            await expect(refused).rejects.toThrow('cannot write');
          } else {
            await Promise.all(underWay.splice(0));
            if (taken.type === 'reopen') {
              await store.close();
              store = new Store(folder, OPTIONS);
            }
          }
          agree();
        }
        await Promise.all(underWay);
        agree();
      } finally {
        await store.close();
      }
    }),
    { numRuns: 60 },
  );
});
