import { renameSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished, vi } from 'vitest';
import { RecentRows } from '../../../shared/store/recent-rows.js';
import { Store } from '../../../shared/store/store.js';
import { closing, tempFolder } from './temp-store.js';

const KEYS = ['k1', 'k2'];
const ofA = (table: string): boolean => table === 'a';

/** What happens to a row; nothing waits for it unless `then` says so. */
const step = fc.record({
  key: fc.constantFrom(...KEYS),
  how: fc.constantFrom('commit', 'unread', 'raw', 'remove', 'refused', 'read'),
  waits: fc.boolean(),
});

it('never answers anything else than the row, whatever was read, written or refused', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      const folder = tempFolder();
      const store = new Store(folder, { tables: ['a'], recent: ofA });
      const under: Promise<unknown>[] = [];
      for (const [n, { key, how, waits }] of steps.entries()) {
        const write = { table: 'a', key: [key], value: how === 'remove' ? undefined : { n } };
        if (how === 'read') store.get('a', [key]);
        else if (how === 'raw') under.push(store.commitRaw([{ ...write, value: Buffer.from([n]) }]));
        else if (how === 'refused') {
          // Nothing of what is under way is to be refused with it.
          await Promise.allSettled(under);
          renameSync(join(folder, 'data.mdb'), join(folder, 'away'));
          const refused = store.commit([write]);
          renameSync(join(folder, 'away'), join(folder, 'data.mdb'));
          under.push(refused.catch(() => undefined));
        } else under.push(store.commit([write], { unread: how === 'unread' }));
        if (waits) await Promise.allSettled(under);
      }
      await Promise.allSettled(under);
      const seen = KEYS.map((key) => store.get('a', [key]));
      const again = KEYS.map((key) => store.get('a', [key]));
      await store.close();
      const anew = new Store(folder, { tables: ['a'] });
      const there = KEYS.map((key) => anew.get('a', [key]));
      await anew.close();
      expect([seen, again]).toEqual([there, there]);
    }),
    { numRuns: 60 },
  );
});

it('does not read a row again that was read or written a moment ago', async () => {
  const store = closing(new Store(tempFolder(), { tables: ['a', 'b'], recent: ofA }));
  await store.commit(['a', 'b'].map((table) => ({ table, key: ['k'], value: { n: 1 } })));
  expect(store.get('a', ['k'])).toBe(store.get('a', ['k']));
  expect(store.get('b', ['k'])).not.toBe(store.get('b', ['k']));
});

it('keeps what is in use, for a bounded time and of bounded size', () => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  // To the cache, nothing happens at 0.
  vi.advanceTimersByTime(1_000);
  const recent = new RecentRows(ofA);
  recent.keep('a', ['used'], 'used', 100);
  recent.keep('a', ['unused'], 'unused', 100);
  for (let second = 0; second < 30; second += 5) {
    vi.advanceTimersByTime(5_000);
    expect(recent.get('a', ['used'])).toBe('used');
    recent.sweep();
  }
  expect(recent.get('a', ['unused'])).toBeUndefined();
  for (let n = 0; n < 1_000; n++) recent.keep('a', ['large', n], n, 1_024);
  const kept = Array.from({ length: 1_000 }, (_, n) => n).filter((n) => recent.get('a', ['large', n]) !== undefined);
  expect(kept).toEqual(Array.from({ length: 512 }, (_, n) => 488 + n));
  recent.keep('a', ['huge'], 'huge', 1_000_000);
  expect(recent.get('a', ['huge'])).toBeUndefined();
});
