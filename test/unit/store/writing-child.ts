// Writes pairs of rows in a loop and says the number of each pair once it is committed, until it is killed.
import { Store } from '../../../shared/store/store.js';

const [, , folder = '', from = '1'] = process.argv;
const store = new Store(folder, ['left', 'right']);

const write = async (n: number): Promise<void> => {
  const value = { n, bytes: Buffer.alloc(n % 2_000, n) };
  await store.commit([
    { table: 'left', key: [n], value },
    { table: 'right', key: [n], value },
  ]);
  process.send?.(n);
};

for (let n = Number(from); ; n += 8) await Promise.all([0, 1, 2, 3, 4, 5, 6, 7].map(async (offset) => write(n + offset)));
