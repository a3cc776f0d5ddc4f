import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RepeatedSends } from '../../../supervisor/http/routes/whatsam/repeated-sends.js';

const MINUTES_2 = 120_000;
const guard = (limit?: number): RepeatedSends => {
  let n = 0;
  return new RepeatedSends(() => `key-${++n}`, limit === undefined ? {} : { limit });
};

describe('an identical request', () => {
  it.each([
    ['was answered with success or 4xx', true, 1_000, 'another'],
    ['ended with a 5xx, or the client had gone', false, 1_000, 'the same'],
    ['ended so, almost two minutes ago', false, MINUTES_2 - 1, 'the same'],
    ['ended so, two minutes ago', false, MINUTES_2, 'another'],
    ['is still running', undefined, 1_000, 'the same'],
    ['is still running after two minutes', undefined, MINUTES_2, 'another'],
  ])('after one that %s gets its key or another: %s, %i ms later: %s', (_name, told, laterMs, expected) => {
    const sends = guard();
    const first = sends.begin('request', 0);
    if (told !== undefined) first.settle(told);
    expect(sends.begin('request', laterMs).key === first.key ? 'the same' : 'another').toBe(expected);
  });

  it('gets one key through three tries, counted from the first', () => {
    const sends = guard();
    const keys = [0, 31_000, 63_000].map((at) => {
      const attempt = sends.begin('request', at);
      attempt.settle(false);
      return attempt.key;
    });
    expect(new Set(keys).size).toBe(1);
    expect(sends.begin('request', MINUTES_2).key).not.toBe(keys[0]);
  });

  it('is a new one once any try was answered, whenever the other tries end', () => {
    const sends = guard();
    const first = sends.begin('request', 0);
    const second = sends.begin('request', 1);
    second.settle(true);
    const third = sends.begin('request', 2);
    expect(third.key).not.toBe(first.key);
    first.settle(true);
    first.settle(false);
    expect(sends.begin('request', 3).key).toBe(third.key);
  });
});

it('that an earlier process did not answer gets the key from there, as long as any other', () => {
  const earlier = [{ request: 'request', key: 'old', firstAt: -20_000 }];
  const sends = (): RepeatedSends => new RepeatedSends(() => 'new', { earlier });
  expect(sends().begin('request', 0).key).toBe('old');
  expect(sends().begin('other', 0).key).toBe('new');
  expect(sends().begin('request', 100_000).key).toBe('new');
});

it('never gives one key to two different requests', () => {
  const sends = guard();
  expect(sends.begin('one', 0).key).not.toBe(sends.begin('other', 0).key);
});

it('remembers a bounded number of requests and forgets the oldest', () => {
  const sends = guard(3);
  const oldest = sends.begin('0', 0).key;
  for (let n = 1; n <= 10; n++) sends.begin(String(n), n);
  expect(sends.size).toBe(3);
  expect(sends.begin('0', 11).key).not.toBe(oldest);
});

it('repeats a key exactly for tries of a request that nobody was told about, whatever is asked in whatever order', () => {
  const step = fc.record({
    request: fc.constantFrom('a', 'b'),
    passMs: fc.integer({ min: 0, max: 70_000 }),
    ends: fc.constantFrom<boolean | undefined>(true, false, undefined),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const sends = guard();
      const model = new Map<string, { key: string; firstAt: number }>();
      const given = new Set<string>();
      let now = 0;
      for (const { request, passMs, ends } of steps) {
        now += passMs;
        const before = model.get(request);
        const attempt = sends.begin(request, now);
        if (before && now - before.firstAt < MINUTES_2) expect(attempt.key).toBe(before.key);
        else {
          expect(given.has(attempt.key)).toBe(false);
          model.set(request, { key: attempt.key, firstAt: now });
        }
        given.add(attempt.key);
        if (ends !== undefined) attempt.settle(ends);
        if (ends === true) model.delete(request);
      }
    }),
  );
});
