import fc from 'fast-check';
import { expect, it } from 'vitest';
import { compare, partsOfWindow, spanOf, type PartSpan, type Position } from '../../../supervisor/messages/part-spans.js';

it('needs only the parts around a page, although each overlaps the next', () => {
  // 100 parts of 1 000 messages, 10 a second; some of each part are a minute late.
  const spans: PartSpan[] = Array.from({ length: 100 }, (_, part) => ({
    count: 1_000,
    oldest: [part * 100 - 60, part * 1_000],
    newest: [part * 100 + 100, part * 1_000 + 999],
  }));
  for (const offset of [0, 1_000, 50_123, 99_950]) {
    const { needed, skipped } = partsOfWindow(spans, { offset, limit: 50 });
    expect(needed.length).toBeLessThanOrEqual(4);
    expect(skipped).toBeGreaterThanOrEqual(offset - 3_000);
  }
});

it('finds the page that all parts together have, whatever they hold', () => {
  const position = fc.nat({ max: 30 });
  fc.assert(
    fc.property(
      fc.array(fc.array(position, { maxLength: 8 }), { maxLength: 6 }),
      fc.nat({ max: 40 }),
      fc.integer({ min: 1, max: 10 }),
      (seconds, offset, limit) => {
        let n = 0;
        const parts = seconds.map((part) => part.map((second): Position => [second, ++n])).filter(({ length }) => length > 0);
        const spans = parts.flatMap((part) => spanOf(part) ?? []);
        const newestFirst = (positions: Position[]): Position[] => positions.toSorted((a, b) => compare(b, a));
        const { needed, skipped } = partsOfWindow(spans, { offset, limit });
        const start = offset - skipped;
        const shown = newestFirst(needed.flatMap((index) => parts[index] ?? [])).slice(start, start + limit);
        expect(shown).toEqual(newestFirst(parts.flat()).slice(offset, offset + limit));
      },
    ),
    { numRuns: 500 },
  );
});
