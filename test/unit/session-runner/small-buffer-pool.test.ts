import { afterEach, expect, it } from 'vitest';
import { useSmallBufferPool } from '../../../session-runner/small-buffer-pool.js';
import { collectGarbage } from './collect-garbage.js';

const MEGABYTE = 1024 ** 2;
const KEYS = 500;
const stock = Buffer.poolSize;
const major = Number.parseInt(process.versions.node, 10);

afterEach(() => {
  Buffer.poolSize = stock;
});

/** What array buffers in use take. The second time, because their memory is given back while the program goes on. */
const takenByBuffers = (): number => {
  collectGarbage();
  collectGarbage();
  return process.memoryUsage().arrayBuffers;
};

/** Bytes that keys of 32 bytes take which are made among much else. */
const takenByKeys = (): number => {
  const before = takenByBuffers();
  const keys = Array.from({ length: KEYS }, () => {
    for (let n = 0; n < 100; n++) Buffer.allocUnsafe(1_000);
    return Buffer.from('a key of thirty-two bytes, or so');
  });
  const taken = takenByBuffers() - before;
  expect(keys).toHaveLength(KEYS);
  return taken;
};

it('lets a small buffer that is kept hold little', () => {
  useSmallBufferPool();
  expect(takenByKeys()).toBeLessThan(5 * MEGABYTE);
});

it.skipIf(major < 24)('is needed from Node.js 24 on', () => {
  expect(takenByKeys()).toBeGreaterThan(25 * MEGABYTE);
});
