import { expect, test } from 'vitest';
import { slopeOf } from '../../bench/slope.js';

test('a straight line has its own slope and no error', () => {
  const { slope, error } = slopeOf([0, 1, 2, 3].map((x) => [x, 5 + 2 * x]));
  expect(slope).toBeCloseTo(2);
  expect(error).toBeCloseTo(0);
});

test('a level that only scatters has a slope within two errors of none', () => {
  const { slope, error } = slopeOf([4, 6, 5, 4, 6, 5, 6, 4].map((y, x) => [x, y]));
  expect(Math.abs(slope)).toBeLessThan(2 * error);
});

test('too few points say nothing', () => {
  expect(slopeOf([[0, 1]])).toEqual({ slope: 0, error: Infinity });
});
