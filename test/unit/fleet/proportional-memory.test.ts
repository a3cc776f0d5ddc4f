import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { createProportionalMemory } from '../../../supervisor/fleet/proportional-memory.js';
import { tempFolder } from '../store/temp-store.js';

const write = (proc: string, pid: number, kilobytes: number): void => {
  mkdirSync(join(proc, String(pid)), { recursive: true });
  const lines = ['55d0-7ffc ---p 00000000 00:00 0 [rollup]', 'Rss: 9999 kB', `Pss:                ${kilobytes} kB`, 'Pss_Anon: 5 kB'];
  writeFileSync(join(proc, String(pid), 'smaps_rollup'), `${lines.join('\n')}\n`);
};

it('reads each process when asked, but not again within some seconds', async () => {
  const proc = tempFolder();
  let now = 0;
  const read = createProportionalMemory({ proc, maxAgeMs: 1_000, clock: () => now });
  write(proc, 7, 10);
  write(proc, 8, 20);
  expect(await Promise.all([7, 8].map(read))).toEqual([10_240, 20_480]);
  write(proc, 7, 11);
  now = 999;
  expect(await read(7)).toBe(10_240);
  now = 1_000;
  expect(await read(7)).toBe(11_264);
});

it('knows nothing of a process that is gone, nor where the kernel has no such file', async () => {
  expect(await createProportionalMemory({ proc: tempFolder() })(7)).toBeUndefined();
});

it.runIf(process.platform === 'linux')('reads what this process takes', async () => {
  const bytes = await createProportionalMemory()(process.pid);
  expect(bytes).toBeGreaterThan(1_000_000);
  expect(bytes).toBeLessThan(2 * process.memoryUsage.rss());
});
