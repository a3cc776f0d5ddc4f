import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CALM_HOLD_MS,
  MEMORY_HOLD_MS,
  nextHeadroom,
  percentOf,
  sessionBytes,
  SLOW_HOLD_MS,
  UNKNOWN_HEADROOM,
  type Headroom,
  type Measures,
} from '../../../supervisor/placement/headroom.js';

const GIB = 1024 ** 3;
const MIB = 1024 ** 2;
const LIMITS = { memoryPercent: 90, sessionsPerRunner: 25 };
const CALM: Measures = {
  at: 0,
  memory: { usedBytes: 2 * GIB, limitBytes: 4 * GIB },
  runners: 0,
  runnerBytes: 0,
  openSessions: 0,
  comingSessions: 0,
  eventLoopDelayMs: 21,
};
const used = (percent: number): Partial<Measures> => ({ memory: { usedBytes: (percent / 100) * 4 * GIB, limitBytes: 4 * GIB } });

/** One measure every five seconds. */
const run = (...changes: Partial<Measures>[]): Headroom[] => {
  const states: Headroom[] = [];
  for (const [i, change] of changes.entries()) {
    states.push(nextHeadroom(states.at(-1) ?? UNKNOWN_HEADROOM, { ...CALM, at: i * 5_000, ...change }, LIMITS));
  }
  return states;
};
const times = <T>(n: number, value: T): T[] => Array.from({ length: n }, () => value);
const shortages = (...changes: Partial<Measures>[]) => run(...changes).map(({ shortOf }) => shortOf ?? 'open');

describe('what a session takes', () => {
  it.each<[string, Partial<Measures>, number, number]>([
    ['nothing runs yet: its part of a runner', {}, 25, 55 / 25],
    ['one session in one runner says little', { runners: 1, runnerBytes: 70 * MIB, openSessions: 1 }, 25, 1.5 + 55 / 25],
    ['200 sessions in eight runners', { runners: 8, runnerBytes: 571 * MIB, openSessions: 200 }, 25, 131 / 200 + 55 / 25],
    ['a runner for each', { runners: 20, runnerBytes: 1_400 * MIB, openSessions: 20 }, 1, 15 + 55],
    ['never less than was ever seen', { runners: 1, runnerBytes: 20 * MIB, openSessions: 500 }, 500, 1.5],
  ])('%s', (_what, changes, sessionsPerRunner, mib) => {
    expect(sessionBytes({ ...CALM, ...changes }, { ...LIMITS, sessionsPerRunner }) / MIB).toBeCloseTo(mib, 6);
  });
});

describe('memory', () => {
  it('gives as many places as fit below the limit', () => {
    const [{ places } = UNKNOWN_HEADROOM] = run(used(50));
    expect(places).toBe(Math.floor((0.4 * 4 * GIB) / (2.2 * MIB)));
  });

  it('keeps what sessions on their way will take', () => {
    const [{ places } = UNKNOWN_HEADROOM] = run({ ...used(50), comingSessions: 700 });
    expect(places).toBe(Math.floor((0.4 * 4 * GIB) / (2.2 * MIB)) - 700);
    expect(run({ ...used(50), comingSessions: 5_000 })).toMatchObject([{ places: 0, shortOf: 'memory', memoryClosedAt: undefined }]);
  });

  it('limits nothing while it is not known', () => {
    expect(run({ memory: undefined })).toMatchObject([{ places: Number.POSITIVE_INFINITY, shortOf: undefined }]);
  });

  it('closes at the limit, and opens three points below, not sooner than after half a minute', () => {
    expect(shortages(used(89), used(90), used(88), used(87.1), ...times(4, used(86)))).toEqual(['open', ...times(6, 'memory'), 'open']);
    expect(shortages(used(90), ...times(20, used(87.1)))).toEqual(times(21, 'memory'));
    expect(shortages(used(90), ...times(6, used(87)))).toEqual([...times(6, 'memory'), 'open']);
  });

  it('stays closed while it is not known', () => {
    expect(shortages(used(95), ...times(10, { memory: undefined }))).toEqual(times(11, 'memory'));
  });
});

describe('time', () => {
  const slow = { eventLoopDelayMs: 501 };
  const between = { eventLoopDelayMs: 300 };

  it('closes only when it is short for a while', () => {
    expect(shortages(...times(3, slow))).toEqual(times(3, 'open'));
    expect(shortages(...times(4, slow))).toEqual([...times(3, 'open'), 'time']);
    expect(shortages(slow, slow, slow, between, slow, slow, slow)).toEqual(times(7, 'open'));
  });

  it('opens only when it was calm for a while', () => {
    expect(shortages(...times(4, slow), ...times(20, between)).at(-1)).toBe('time');
    expect(shortages(...times(4, slow), ...times(6, {})).at(-1)).toBe('time');
    expect(shortages(...times(4, slow), ...times(7, {})).at(-1)).toBe('open');
    expect(shortages(...times(4, slow), ...times(6, {}), between, ...times(6, {})).at(-1)).toBe('time');
  });

  it('gives no place while it is short', () => {
    expect(run(...times(4, slow)).at(-1)).toMatchObject({ places: 0, shortOf: 'time' });
  });
});

it('never flaps, and never gives a place at the limit, whatever is measured', () => {
  const measure = fc.record({
    percent: fc.double({ min: 0, max: 110, noNaN: true }),
    known: fc.boolean(),
    delay: fc.constantFrom(0, 249, 250, 300, 500, 501, 5_000),
    coming: fc.nat({ max: 50 }),
    after: fc.integer({ min: 1, max: 20_000 }),
  });
  fc.assert(
    fc.property(fc.array(measure, { maxLength: 200 }), fc.integer({ min: 50, max: 100 }), (steps, memoryPercent) => {
      let state = UNKNOWN_HEADROOM;
      let at = 0;
      let [memoryClosedAt, timeChangedAt] = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY];
      for (const { percent, known, delay, coming, after } of steps) {
        at += after;
        const measures: Measures = {
          ...CALM,
          at,
          comingSessions: coming,
          eventLoopDelayMs: delay,
          memory: undefined,
          ...(known && used(percent)),
        };
        const next = nextHeadroom(state, measures, { ...LIMITS, memoryPercent });
        if (state.memoryClosedAt === undefined && next.memoryClosedAt !== undefined) memoryClosedAt = at;
        if (state.memoryClosedAt !== undefined && next.memoryClosedAt === undefined) {
          expect(at - memoryClosedAt).toBeGreaterThanOrEqual(MEMORY_HOLD_MS);
          expect(measures.memory && percentOf(measures.memory)).toBeLessThanOrEqual(memoryPercent - 3);
        }
        if (state.timeClosed !== next.timeClosed) {
          expect(at - timeChangedAt).toBeGreaterThanOrEqual(next.timeClosed ? SLOW_HOLD_MS : CALM_HOLD_MS);
          timeChangedAt = at;
        }
        if (known && percent >= memoryPercent) expect(next.places).toBe(0);
        expect(next.places >= 1).toBe(next.shortOf === undefined);
        if (next.timeClosed || next.memoryClosedAt !== undefined) expect(next.places).toBe(0);
        state = next;
      }
    }),
  );
});
