import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { Store } from '../../../shared/store/store.js';
import { tempFolder } from './temp-store.js';

const CHILD = fileURLToPath(new URL('../../../dist/test/fixtures/writing-child.js', import.meta.url));

/** Kills the writer after `afterAcks` acknowledged commits and returns their numbers. */
const writeUntilKilled = async (folder: string, from: number, afterAcks: number): Promise<number[]> => {
  const child = fork(CHILD, [folder, String(from)], { stdio: 'inherit' });
  const acknowledged: number[] = [];
  child.on('message', (n) => {
    acknowledged.push(n as number);
    if (acknowledged.length === afterAcks) child.kill('SIGKILL');
  });
  await once(child, 'close');
  return acknowledged;
};

it('keeps every acknowledged commit, and none by half, when the writer is killed', async () => {
  const folder = tempFolder();
  const acknowledged: number[] = [];
  for (const afterAcks of [1, 150, 400]) {
    acknowledged.push(...(await writeUntilKilled(folder, Math.max(0, ...acknowledged) + 100, afterAcks)));
    const store = new Store(folder, { tables: ['left', 'right'] });
    for (const n of acknowledged) expect(store.get('left', [n])).toEqual({ n, bytes: Buffer.alloc(n % 2_000, n) });
    const [left, right] = ['left', 'right'].map((table) => [...store.range(table)]);
    expect(left).toEqual(right);
    await store.close();
  }
  expect(acknowledged.length).toBeGreaterThanOrEqual(551);
});
