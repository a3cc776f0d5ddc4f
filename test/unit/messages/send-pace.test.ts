import fc from 'fast-check';
import { expect, it } from 'vitest';
import { afterOne, allowedAt, repaced, typingMs, type SendPace } from '../../../supervisor/messages/send-pace.js';

const pace = (perMinute: number | undefined, burst = 1): SendPace => ({ perMinute, burst, typing: false });
const MINUTE_MS = 60_000;

/** When messages go of which all are wanted at `wanted`, each as soon as it may. */
const sentAt = (given: SendPace, wanted: readonly number[], fullAt = 0): number[] => {
  let full = fullAt;
  let last = 0;
  return wanted.map((at) => {
    const now = Math.max(at, last);
    last = allowedAt(given, full, now);
    full = afterOne(given, full, last);
    return last;
  });
};

it('lets a burst go at once and the others one by one', () => {
  expect(sentAt(pace(60, 3), [0, 0, 0, 0, 0])).toEqual([0, 0, 0, 1_000, 2_000]);
});

it('allows the burst again only after as long a time as it takes at the pace', () => {
  expect(sentAt(pace(60, 2), [0, 0, 1_000, 1_000, 10_000, 10_000, 10_000])).toEqual([0, 0, 1_000, 2_000, 10_000, 10_000, 11_000]);
});

it('never sends more in any time than the burst and what the pace gives', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 20 }),
      fc.array(fc.integer({ min: 0, max: 600_000 }), { minLength: 1, maxLength: 60 }),
      (perMinute, burst, wanted) => {
        const sent = sentAt(
          pace(perMinute, burst),
          wanted.toSorted((a, b) => a - b),
        );
        for (const [first, from] of sent.entries()) {
          for (let last = first; last < sent.length; last++) {
            const span = (sent[last] ?? 0) - from;
            expect(last - first + 1).toBeLessThanOrEqual(burst + (span * perMinute) / MINUTE_MS + 1e-6);
          }
        }
      },
    ),
  );
});

it('foretells when each of those that wait will go', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 600 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 0, max: 300_000 }),
      fc.integer({ min: 0, max: 40 }),
      (perMinute, burst, fullAt, ahead) => {
        const given = pace(perMinute, burst);
        const now = 100_000;
        const really = sentAt(
          given,
          Array.from({ length: ahead + 1 }, () => now),
          fullAt,
        ).at(-1);
        expect(allowedAt(given, fullAt, now, ahead)).toBeCloseTo(really ?? 0, 3);
      },
    ),
  );
});

it('holds nothing back without a pace', () => {
  expect(allowedAt(pace(undefined), 900_000, 5, 100)).toBe(5);
});

it('types a text for a time that its length asks for, within bounds, and nothing when it should not', () => {
  const typing = { ...pace(undefined), typing: true };
  const of = (words: string) => typingMs(typing, { type: 'text', text: words });
  expect([of('Hi'), of('x'.repeat(50)), of('x'.repeat(5_000))]).toEqual([600, 3_000, 8_000]);
  expect(typingMs(pace(undefined), { type: 'text', text: 'Hi' })).toBe(0);
});

it('counts what was sent by another pace against the new one', () => {
  // Five are used of the burst: four may still be owed for at the old pace, as many at the new one.
  expect(repaced(pace(1, 5), pace(60, 5), 5 * MINUTE_MS, 0)).toBe(5_000);
  expect(repaced(pace(60, 5), pace(1, 5), 5_000, 0)).toBe(5 * MINUTE_MS);
  expect(repaced(pace(60, 5), pace(6, 5), 1_000, 2_000)).toBe(2_000);
  expect(repaced(pace(undefined), pace(6), 90_000, 1_000)).toBe(1_000);
  expect(repaced(pace(6), pace(undefined), 90_000, 1_000)).toBe(1_000);
});
