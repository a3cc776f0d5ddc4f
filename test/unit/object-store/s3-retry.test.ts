import { expect, it } from 'vitest';
import { ObjectStoreError, type ObjectStoreTrouble } from '../../../shared/object-store/object-store.js';
import { withRetries } from '../../../shared/object-store/s3-retry.js';
import { s3Error } from '../../../shared/object-store/s3-errors.js';

const QUICK = { attempts: 3, withinMs: 1_000, baseMs: 1, maxMs: 2 };
const toError = (error: unknown): ObjectStoreError => s3Error('test', error);

/** Fails in these ways one after another, then succeeds. */
const failing = (...kinds: ObjectStoreTrouble[]): { attempts: () => number; attempt: () => Promise<string> } => {
  let made = 0;
  return {
    attempts: () => made,
    attempt: async () => {
      const kind = kinds[made++];
      return kind ? Promise.reject(new ObjectStoreError(kind, 'test')) : Promise.resolve('done');
    },
  };
};

it('gets over what passes by itself', async () => {
  const { attempt, attempts } = failing('unreachable', 'unavailable');
  expect(await withRetries(attempt, toError, QUICK)).toBe('done');
  expect(attempts()).toBe(3);
});

it('gives up after its attempts with the last error', async () => {
  const { attempt, attempts } = failing('unreachable', 'unavailable', 'timeout');
  await expect(withRetries(attempt, toError, QUICK)).rejects.toMatchObject({ kind: 'timeout' });
  expect(attempts()).toBe(3);
});

it.each(['credentials', 'denied', 'bucket', 'clock', 'tls', 'protocol', 'full', 'precondition', 'invalid'] as const)(
  'does not try %s again',
  async (kind) => {
    const { attempt, attempts } = failing(kind);
    await expect(withRetries(attempt, toError, QUICK)).rejects.toMatchObject({ kind });
    expect(attempts()).toBe(1);
  },
);

it('begins no attempt after its time', async () => {
  const { attempt, attempts } = failing('timeout');
  await expect(withRetries(attempt, toError, { ...QUICK, withinMs: 0 })).rejects.toMatchObject({ kind: 'timeout' });
  expect(attempts()).toBe(1);
});
