import { EventEmitter, once } from 'node:events';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import type { SignalKeys } from '../../../session-runner/session/signal-keys.js';
import { rowsIn } from '../store/temp-store.js';
import { failingStore, tempRunnerStore } from './runner-stores.js';
import { keysOf, read, turns, write, type Face } from './signal-keys-by-face.js';

it.each<Face>(['inside', 'outside'])('shows a write at the moment it is made, %s and without exclusive work', async (face) => {
  const keys = keysOf(await tempRunnerStore());
  const written = write(keys, face, '1');
  expect([await read(keys, 'inside'), await read(keys, 'outside')]).toEqual(['1', '1']);
  await written;
  const removed = write(keys, face, null);
  expect([await read(keys, 'inside'), await read(keys, 'outside')]).toEqual([undefined, undefined]);
  await removed;
  expect(await read(keys, 'outside')).toBeUndefined();
});

it('shows a write of exclusive work at once to that work, and to others only when it is over', async () => {
  const store = await tempRunnerStore();
  const keys = keysOf(store);
  await write(keys, 'outside', 'before');
  await keys.exclusive(async () => {
    const written = write(keys, 'inside', 'within');
    expect(await read(keys, 'inside')).toBe('within');
    expect(await read(keys, 'outside')).toBe('before');
    await written;
    await write(keys, 'inside', null);
    expect(await read(keys, 'inside')).toBeUndefined();
    await write(keys, 'inside', 'after');
  });
  expect(await read(keys, 'outside')).toBe('after');
  expect(rowsIn(store, SLOT_TABLES.keys)).toEqual([[['s', 'device-list', 'c'], ['after']]]);
});

it('answers only what is there', async () => {
  const keys = keysOf(await tempRunnerStore());
  await keys.setOutside({ 'lid-mapping': { a: '1', b: '2' }, 'device-list': { a: ['x'] } });
  expect(await keys.outside.get('lid-mapping', ['a', 'z'])).toEqual({ a: '1' });
  expect(await keys.inside.get('device-list', ['a'])).toEqual({ a: ['x'] });
  expect(await keys.outside.get('lid-mapping', [])).toEqual({});
});

it('gives bytes back as they were, also after a restart', async () => {
  const store = await tempRunnerStore();
  const session = Buffer.from([0, 1, 255]);
  const pair = { public: Buffer.alloc(32, 1), private: Buffer.alloc(32, 2) };
  await keysOf(store).setOutside({ session: { 'a.0': session }, 'pre-key': { 7: pair } });
  const again = keysOf(store);
  expect(await again.inside.get('session', ['a.0'])).toEqual({ 'a.0': session });
  expect(await again.inside.get('pre-key', ['7'])).toEqual({ 7: pair });
});

it('gives an app state key back as the protobuf object that Baileys needs', async () => {
  const store = await tempRunnerStore();
  const key = { keyData: Buffer.from('data'), timestamp: 5, fingerprint: { rawId: 1, currentIndex: 2, deviceIndexes: [0, 1] } };
  const keys = keysOf(store);
  await keys.setOutside({ 'app-state-sync-key': { k: key } });
  const { k } = await keys.outside.get('app-state-sync-key', ['k']);
  expect(Buffer.from(k?.keyData ?? [])).toEqual(Buffer.from('data'));
  expect(k?.constructor.name).toBe('AppStateSyncKeyData');
  expect(k?.fingerprint?.deviceIndexes).toEqual([0, 1]);
});

it('forgets everything that failed work wrote, and goes on', async () => {
  const store = await tempRunnerStore();
  const keys = keysOf(store);
  await write(keys, 'outside', 'before');
  const failed = keys.exclusive(async () => {
    await write(keys, 'inside', 'within');
    keys.alsoCommit([{ table: SLOT_TABLES.spool, key: [1], value: 'row' }]);
    throw new Error('no');
  });
  const next = keys.exclusive(async () => read(keys, 'inside'));
  await expect(failed).rejects.toThrow('no');
  expect(await next).toBe('before');
  await store.settled();
  expect(rowsIn(store, SLOT_TABLES.spool)).toEqual([]);
});

it('does one exclusive work at a time, in the order they were asked for', async () => {
  const keys = keysOf(await tempRunnerStore());
  const steps: string[] = [];
  await Promise.all(
    ['a', 'b', 'c'].map(async (name) =>
      keys.exclusive(async () => {
        steps.push(`${name} begins`);
        await turns(2);
        steps.push(`${name} ends`);
      }),
    ),
  );
  expect(steps).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
});

it('makes a session written from outside wait for the exclusive work under way', async () => {
  const keys = keysOf(await tempRunnerStore());
  const order: string[] = [];
  const work = keys.exclusive(async () => {
    await turns(3);
    await keys.inside.set({ session: { 'a.0': Buffer.from('first') } });
    order.push('exclusive');
  });
  const alone = keys.setOutside({ session: { 'a.0': Buffer.from('second') } }).then(() => order.push('outside'));
  await Promise.all([work, alone]);
  expect(order).toEqual(['exclusive', 'outside']);
  expect(await keys.outside.get('session', ['a.0'])).toEqual({ 'a.0': Buffer.from('second') });
});

it('never loses an update of a row, however the work overlaps', async () => {
  const store = await tempRunnerStore();
  let run = 0;
  const job = fc.record({
    before: fc.nat({ max: 2 }),
    within: fc.nat({ max: 2 }),
    joined: fc.boolean(),
    fails: fc.boolean(),
    waits: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(job, { minLength: 2, maxLength: 8, size: 'max' }), async (jobs) => {
      const keys = keysOf(store, `s${run++}`);
      const outcomes = await Promise.allSettled(
        jobs.map(async ({ before, within, joined, fails, waits }) => {
          await turns(before);
          const add = async (): Promise<void> => {
            const count = Number((await read(keys, 'inside')) ?? 0);
            await turns(within);
            await write(keys, 'inside', String(count + 1));
            if (fails) throw new Error('no');
          };
          await keys[waits ? 'exclusive' : 'pipelined'](joined ? async () => keys.inside.transaction(add, 'c') : add);
        }),
      );
      expect(outcomes.map(({ status }) => status)).toEqual(jobs.map(({ fails }) => (fails ? 'rejected' : 'fulfilled')));
      expect(Number((await read(keys, 'outside')) ?? 0)).toBe(jobs.filter(({ fails }) => !fails).length);
    }),
    { numRuns: 60 },
  );
});

it('lets the transactions of the repository join: one commit for all, and all is forgotten when the work fails', async () => {
  const store = await tempRunnerStore();
  const commits: Promise<void>[] = [];
  const keys = keysOf(store, 's', commits);
  const work = async (fails: boolean): Promise<void> =>
    keys.exclusive(async () => {
      expect(keys.inside.isInTransaction()).toBe(true);
      await keys.inside.transaction(async () => {
        await write(keys, 'inside', 'inner', 'a');
        await keys.inside.set({ session: { 'a.0': Buffer.from('x') } });
      }, 'a.0');
      expect(await read(keys, 'inside', 'a')).toBe('inner');
      await write(keys, 'inside', 'outer', 'b');
      if (fails) throw new Error('no');
    });
  await expect(work(true)).rejects.toThrow('no');
  expect(commits).toHaveLength(0);
  expect([await read(keys, 'inside', 'a'), await read(keys, 'inside', 'b')]).toEqual([undefined, undefined]);
  await work(false);
  expect(commits).toHaveLength(1);
  expect([await read(keys, 'outside', 'a'), await read(keys, 'outside', 'b')]).toEqual(['inner', 'outer']);
  expect(keys.inside.isInTransaction()).toBe(false);
});

it('keeps a LID mapping that was learned during work that failed', async () => {
  const keys = keysOf(await tempRunnerStore());
  const failed = keys.exclusive(async () => {
    await keys.inside.set({ 'lid-mapping': { a: '1' }, 'device-list': { c: ['x'] } });
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await keys.outside.get('lid-mapping', ['a'])).toEqual({ a: '1' });
  expect(await read(keys, 'outside')).toBeUndefined();
});

it.each<[string, (keys: SignalKeys) => Promise<void>]>([
  [
    'exclusive work',
    async (keys) =>
      keys.exclusive(async () => {
        await write(keys, 'inside', '1');
        keys.alsoCommit([{ table: SLOT_TABLES.spool, key: [1], value: 'row' }]);
      }),
  ],
  [
    'a write from outside',
    async (keys) => keys.setOutside({ 'device-list': { c: ['1'] } }, [{ table: SLOT_TABLES.spool, key: [1], value: 'row' }]),
  ],
])('commits other rows with the keys of %s, or neither', async (_name, work) => {
  const store = failingStore(...Object.values(SLOT_TABLES));
  const keys = keysOf(store);
  store.failing = true;
  await expect(work(keys)).rejects.toThrow('The disk is full.');
  expect([await read(keys, 'outside'), store.get(SLOT_TABLES.spool, [1])]).toEqual([undefined, undefined]);
  store.failing = false;
  await work(keys);
  expect([await read(keys, 'outside'), store.get(SLOT_TABLES.spool, [1])]).toEqual(['1', 'row']);
});

it('takes other rows only during exclusive work', async () => {
  const keys = keysOf(await tempRunnerStore());
  expect(() => {
    keys.alsoCommit([]);
  }).toThrow('no exclusive work');
});

it('tells of every commit as it begins', async () => {
  const commits: Promise<void>[] = [];
  const keys = keysOf(await tempRunnerStore(), 's', commits);
  const written = write(keys, 'outside', '1');
  expect(commits).toHaveLength(1);
  await written;
  await keys.exclusive(async () => write(keys, 'inside', '2'));
  expect(commits).toHaveLength(2);
});

it('throws on every use after the fence, and writes nothing of what was under way', async () => {
  const store = await tempRunnerStore();
  const keys = keysOf(store);
  await write(keys, 'outside', 'before');
  const news = new EventEmitter();
  const underWay = keys.exclusive(async () => {
    await write(keys, 'inside', 'within');
    await once(news, 'fenced');
  });
  const waiting = keys.exclusive(async () => write(keys, 'inside', 'waiting'));
  const session = keys.setOutside({ session: { 'a.0': Buffer.from('x') } });
  await turns(1);
  keys.fence();
  news.emit('fenced');
  for (const late of [underWay, waiting, session, keys.exclusive(async () => Promise.resolve())])
    await expect(late).rejects.toThrow('closed');
  for (const face of ['inside', 'outside'] as const) {
    await expect(read(keys, face)).rejects.toThrow('closed');
    await expect(write(keys, face, 'after')).rejects.toThrow('closed');
  }
  await store.settled();
  expect(rowsIn(store, SLOT_TABLES.keys)).toEqual([[['s', 'device-list', 'c'], ['before']]]);
});

it('keeps sessions apart: neither rows nor locks nor work', async () => {
  const store = await tempRunnerStore();
  const [one, other] = [keysOf(store, 'user1'), keysOf(store, 'user10')];
  await write(one, 'outside', '1');
  expect(await read(other, 'outside')).toBeUndefined();
  await one.exclusive(async () => {
    await write(one, 'inside', 'within');
    expect(other.inside.isInTransaction()).toBe(false);
    await other.exclusive(async () => write(other, 'inside', 'meanwhile'));
    expect(await read(other, 'outside')).toBe('meanwhile');
    expect(await read(one, 'inside')).toBe('within');
  });
  other.fence();
  expect(await read(one, 'outside')).toBe('within');
});

it('knows a write by the face it comes through, not by who began the work that makes it', async () => {
  const store = await tempRunnerStore();
  const [one, other] = [keysOf(store, 'one'), keysOf(store, 'other')];
  const news = new EventEmitter();
  let jobs: Promise<unknown> = Promise.resolve();
  // As libsignal does: one queue for all who talk with an address, run in the context of whoever came first.
  const queued = async (job: () => Promise<void>): Promise<void> => {
    const mine = jobs.then(job);
    jobs = mine;
    await mine;
  };
  await Promise.all([
    one.exclusive(async () => queued(async () => write(one, 'inside', 'of one'))),
    other.exclusive(async () => queued(async () => write(other, 'inside', 'of other'))),
  ]);
  const leftBehind: Promise<unknown>[] = [];
  await one.exclusive(async () => {
    leftBehind.push(once(news, 'over').then(async () => write(one, 'inside', 'left behind', 'd')));
    return Promise.resolve();
  });
  news.emit('over');
  await Promise.all(leftBehind);
  await store.settled();
  expect(rowsIn(store, SLOT_TABLES.keys)).toEqual([
    [['one', 'device-list', 'c'], ['of one']],
    [['one', 'device-list', 'd'], ['left behind']],
    [['other', 'device-list', 'c'], ['of other']],
  ]);
});

it('is idle when the exclusive work is done', async () => {
  const keys = keysOf(await tempRunnerStore());
  let done = false;
  void keys.exclusive(async () => {
    await turns(2);
    await write(keys, 'inside', '1');
    done = true;
  });
  await keys.idle();
  expect(done).toBe(true);
});
