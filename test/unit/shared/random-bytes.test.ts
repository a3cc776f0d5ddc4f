import { expect, it } from 'vitest';
import { fewRandomBytes } from '../../../shared/random-bytes.js';

it('gives as many random bytes as are asked for, and none of them twice', () => {
  const counts = Array.from({ length: 5_000 }, (_, index) => 9 + (index % 24)).concat(10_000);
  const given = counts.map(fewRandomBytes);
  expect(given.map(({ length }) => length)).toEqual(counts);
  expect(new Set(given.map((bytes) => bytes.toString('hex'))).size).toBe(counts.length);
  const byMemory = given
    .map(({ buffer, byteOffset, length }) => ({ buffer, from: byteOffset, to: byteOffset + length }))
    .toSorted((a, b) => a.from - b.from);
  for (const memory of new Set(byMemory.map(({ buffer }) => buffer))) {
    const inOne = byMemory.filter(({ buffer }) => buffer === memory);
    for (const [index, { to }] of inOne.entries()) expect(to).toBeLessThanOrEqual(inOne[index + 1]?.from ?? Infinity);
  }
});
