import { expect, it } from 'vitest';
import { SignalKeys } from '../../../session-runner/session/signal-keys.js';
import { SLOT_TABLES } from '../../../shared/store/slot-store.js';
import { guarded } from './guarded-outlet.js';
import { slowStore } from './runner-stores.js';
import { keysOf, read, turns, write } from './signal-keys-by-face.js';

it('ends pipelined work and lets the next begin before it is on disk, which sees it', async () => {
  const store = slowStore(SLOT_TABLES.keys);
  const commits: Promise<void>[] = [];
  const keys = keysOf(store, 's', commits);
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
  expect(ended).toEqual(['first', 'second']);
  // Whoever keeps back what was made of them was told before they ended.
  expect(commits).toHaveLength(3);
  store.release();
  await Promise.all(works.slice(0, 3));
  expect(ended).toEqual(['first', 'second', 'exclusive']);
  await turns(3);
  expect(await read(keys, 'outside')).toBe('4');
  store.release();
  await Promise.all(works);
});

it('keeps a frame made of pipelined work for ever when the commit fails, and of the work that built on it', async () => {
  const store = slowStore(SLOT_TABLES.keys);
  const { gate, send, sent, failures } = guarded();
  const keys = new SignalKeys(store, 's', (commit) => {
    gate.hold(commit);
  });
  store.holding = true;
  for (const value of ['1', '2']) {
    await keys.pipelined(async () => write(keys, 'inside', value));
    send(value);
  }
  await turns(2);
  expect(sent).toEqual([]);
  store.release(new Error('no disk'));
  await gate.settled();
  expect(sent).toEqual([]);
  expect(failures).toMatchObject([{ message: 'no disk' }]);
});
