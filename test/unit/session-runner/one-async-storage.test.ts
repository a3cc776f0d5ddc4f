import asyncHooks, { AsyncLocalStorage, executionAsyncResource } from 'node:async_hooks';
import { syncBuiltinESMExports } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import { shareAsyncStorage, SharedAsyncStorage } from '../../../session-runner/one-async-storage.js';

const nodes = AsyncLocalStorage;
const property = { ...Object.getOwnPropertyDescriptor(asyncHooks, 'AsyncLocalStorage') };
/** Newer versions do not need the change. */
const needed = Number.parseInt(process.versions.node, 10) < 24;
afterEach(() => {
  if (!needed) return;
  Object.defineProperty(asyncHooks, 'AsyncLocalStorage', property);
  syncBuiltinESMExports();
});

/** What every promise made inside of all these storages has to carry. */
const carried = async (storages: readonly AsyncLocalStorage<number>[]): Promise<number> => {
  const [first, ...rest] = storages;
  if (first) return first.run(storages.length, async () => carried(rest));
  await Promise.resolve();
  return Object.getOwnPropertySymbols(executionAsyncResource()).length;
};
const many = (Storage: new () => AsyncLocalStorage<number>) => Array.from({ length: 50 }, () => new Storage());

describe('storages that share one', () => {
  it('cost a promise the same, however many there are', async () => {
    const alone = await carried([new SharedAsyncStorage<number>()]);
    expect(await carried(many(SharedAsyncStorage))).toBe(alone);
  });

  it.runIf(needed)('are needed here: each of Node’s own is carried by every promise', async () => {
    expect(await carried(many(nodes))).toBeGreaterThanOrEqual(50);
  });

  it('keep their values apart, through waits and beside each other', async () => {
    const [one, other] = [new SharedAsyncStorage<string>(), new SharedAsyncStorage<string>()];
    const seen = async (value: string): Promise<unknown> =>
      one.run(value, async () => {
        await sleep(1);
        return other.run(`inner ${value}`, async () => {
          await sleep(1);
          return [one.getStore(), other.getStore(), one.exit(() => one.getStore()), one.run('again', () => one.getStore())];
        });
      });
    expect(await Promise.all([seen('a'), seen('b')])).toEqual([
      ['a', 'inner a', undefined, 'again'],
      ['b', 'inner b', undefined, 'again'],
    ]);
    expect([one.getStore(), other.getStore()]).toEqual([undefined, undefined]);
  });

  it.runIf(needed)('cost nothing once what ran in them has ended, well or not', async () => {
    const storage = new SharedAsyncStorage<string>();
    const later: Promise<unknown>[] = [];
    const begin = async (): Promise<void> => {
      later.push(sleep(5).then(() => storage.getStore()));
      await sleep(1);
      expect(storage.getStore()).toBe('a');
      throw new Error('of the caller');
    };
    await expect(storage.run('a', begin)).rejects.toThrow('of the caller');
    expect(() =>
      storage.run('b', () => {
        throw new Error('at once');
      }),
    ).toThrow('at once');
    // What goes on after the end finds nothing: no promise is looked at any more.
    expect(await Promise.all(later)).toEqual([undefined]);
    expect(await storage.run('c', async () => sleep(1).then(() => storage.getStore()))).toBe('c');
  });

  it('forget what they held when they are disabled', () => {
    const storage = new SharedAsyncStorage<string>();
    storage.run('a', () => {
      storage.disable();
      expect(storage.getStore()).toBeUndefined();
      storage.run('b', () => {
        expect(storage.getStore()).toBe('b');
      });
    });
  });

  it('leave Node’s in place where there is no need', () => {
    shareAsyncStorage('24.1.0');
    expect(AsyncLocalStorage).toBe(nodes);
  });

  it.runIf(needed).each([
    ['a value, as in Node.js 20', { value: nodes, writable: true }],
    ['a getter, as in Node.js 22', { get: () => nodes }],
  ])('take the place of Node’s where they are needed, be it %s', (_what, place) => {
    Object.defineProperty(asyncHooks, 'AsyncLocalStorage', { ...place, enumerable: true, configurable: true });
    shareAsyncStorage('20.19.0');
    expect(AsyncLocalStorage).toBe(SharedAsyncStorage);
  });
});
