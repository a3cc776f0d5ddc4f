import fc from 'fast-check';
import { expect, it } from 'vitest';
import { backoffDelay } from '../../../shared/backoff.js';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

it('waits 50 to 100 % of a pause that doubles up to its bound', () => {
  const pauses = [0, 1, 2, 3, 4, 5].map((attempt) => [0, 0.999999].map((r) => backoffDelay(attempt, { baseMs: 100, maxMs: 1_000 }, r)));
  expect(pauses).toEqual([
    [50, 100],
    [100, 200],
    [200, 400],
    [400, 800],
    [500, 1_000],
    [500, 1_000],
  ]);
});

it('stays a whole number of milliseconds within its bounds, for any number of attempts', () => {
  fc.assert(
    fc.property(
      fc.nat({ max: 1_000_000 }),
      fc.integer({ min: 1, max: 60_000 }),
      fc.nat({ max: 600_000 }),
      random,
      (attempt, baseMs, more, r) => {
        const delay = backoffDelay(attempt, { baseMs, maxMs: baseMs + more }, r);
        expect(Number.isInteger(delay)).toBe(true);
        expect(delay).toBeGreaterThanOrEqual(Math.floor(baseMs / 2));
        expect(delay).toBeLessThanOrEqual(baseMs + more);
      },
    ),
  );
});

it('never waits less after one more attempt', () => {
  fc.assert(
    fc.property(fc.nat({ max: 100 }), fc.double({ min: 1, max: 4, noNaN: true }), random, (attempt, factor, r) => {
      const options = { baseMs: 500, maxMs: 60_000, factor };
      expect(backoffDelay(attempt + 1, options, r)).toBeGreaterThanOrEqual(backoffDelay(attempt, options, r));
    }),
  );
});
