import { expect, it } from 'vitest';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { slowStore } from './runner-stores.js';
import { keysOf, read, turns, write } from './signal-keys-by-face.js';

it('lets the next work begin before pipelined work is on disk, which sees it, and tells each of its own commit only', async () => {
  const store = slowStore(SLOT_TABLES.keys);
  const keys = keysOf(store);
  const add = async (): Promise<void> => write(keys, 'inside', String(Number((await read(keys, 'inside')) ?? 0) + 1));
  const ended: string[] = [];
  store.holding = true;
  const works = [
    keys.pipelined(add).then(() => ended.push('first')),
    keys.pipelined(add).then(() => ended.push('second')),
    keys.exclusive(add).then(() => ended.push('exclusive')),
    keys.pipelined(add).then(() => ended.push('after it')),
  ];
  await turns(3);
  // The last one waits for what is exclusive.
  expect(await read(keys, 'outside')).toBe('3');
  expect(ended).toEqual([]);
  store.release();
  await Promise.all(works.slice(0, 3));
  expect(ended).toEqual(['first', 'second', 'exclusive']);
  await turns(3);
  expect(await read(keys, 'outside')).toBe('4');
  store.release();
  await Promise.all(works);
});

it('fails pipelined work whose commit fails, and what built on it', async () => {
  const store = slowStore(SLOT_TABLES.keys);
  const keys = keysOf(store);
  store.holding = true;
  const works = [keys.pipelined(async () => write(keys, 'inside', '1')), keys.pipelined(async () => write(keys, 'inside', '2'))];
  const outcomes = Promise.allSettled(works);
  await turns(2);
  store.release(new Error('no disk'));
  expect(await outcomes).toMatchObject([
    { status: 'rejected', reason: { message: 'no disk' } },
    { status: 'rejected', reason: { message: 'no disk' } },
  ]);
});
