import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  NO_HISTORY,
  RESTART_LIMITS,
  afterExit,
  type RestartDecision,
  type RestartHistory,
} from '../../../supervisor/fleet/restart-policy.js';

/** Ends a runner over and over, each right after the wait the policy asked for. */
const crashAgain = (times: number, { upMs = 0, random = 0.5 } = {}): RestartDecision[] => {
  let history: RestartHistory = NO_HISTORY;
  let now = 1_000;
  return Array.from({ length: times }, () => {
    const readySince = now;
    now += upMs;
    const decision = afterExit(history, { verdict: 'crash', at: now, readySince }, random);
    history = decision.history;
    now += decision.delayMs;
    return decision;
  });
};

describe('the restart policy', () => {
  it('starts a killed runner at once and holds nothing against it', () => {
    const [crashed] = crashAgain(1);
    const history = crashed?.history ?? NO_HISTORY;
    expect(afterExit(history, { verdict: 'killed', at: 5_000, readySince: 4_000 }, 0.5)).toEqual({ history, action: 'wait', delayMs: 0 });
  });

  it('does not start a runner again that could not work with its configuration', () => {
    expect(afterExit(NO_HISTORY, { verdict: 'config', at: 0, readySince: undefined }, 0.5).action).toBe('never');
  });

  it('hardly waits after the first crash, and longer with every one that follows', () => {
    expect(crashAgain(4, { random: 0.999999 }).map(({ delayMs }) => delayMs)).toEqual([100, 1_000, 2_000, 4_000]);
    expect(crashAgain(4, { random: 0 }).map(({ delayMs }) => delayMs)).toEqual([50, 500, 1_000, 2_000]);
  });

  it('hardly waits for one that never came up either, if nothing was held against its slot', () => {
    const { history } = afterExit(NO_HISTORY, { verdict: 'killed', at: 70_000, readySince: 1_000 }, 0.5);
    const first = afterExit(history, { verdict: 'crash', at: 90_000, readySince: undefined }, 0.999999);
    expect(first).toMatchObject({ action: 'wait', delayMs: 100 });
    expect(afterExit(first.history, { verdict: 'crash', at: 110_000, readySince: undefined }, 0.999999).delayMs).toBe(1_000);
  });

  it('puts the fifth failure within a minute into quarantine', () => {
    expect(crashAgain(5).map(({ action }) => action)).toEqual(['wait', 'wait', 'wait', 'wait', 'quarantine']);
  });

  it('lets failures far apart never end in quarantine, and caps their wait', () => {
    const decisions = crashAgain(12, { upMs: 20_000, random: 0.999999 });
    expect(decisions.every(({ action }) => action === 'wait')).toBe(true);
    expect(decisions.at(-1)?.delayMs).toBe(30_000);
  });

  it('doubles the quarantine when the half-open start fails, up to a quarter of an hour', () => {
    expect(
      crashAgain(11)
        .filter(({ action }) => action === 'quarantine')
        .map(({ delayMs }) => delayMs / 60_000),
    ).toEqual([1, 2, 4, 8, 15, 15, 15]);
  });

  it('stays half-open when the half-open run was killed', () => {
    const half = crashAgain(5).at(-1)?.history ?? NO_HISTORY;
    const killed = afterExit(half, { verdict: 'killed', at: 100_000, readySince: 99_000 }, 0.5);
    expect(afterExit(killed.history, { verdict: 'crash', at: 101_000, readySince: 100_500 }, 0.5)).toMatchObject({
      action: 'quarantine',
      delayMs: 120_000,
    });
  });

  it('forgets everything after a stable minute', () => {
    const half = crashAgain(7).at(-1)?.history ?? NO_HISTORY;
    const decision = afterExit(half, { verdict: 'oom', at: 200_000, readySince: 140_000 }, 0.999999);
    expect(decision).toMatchObject({ action: 'wait', delayMs: 100 });
  });

  it('keeps every wait within its bounds and never lets six failures happen within a minute', () => {
    const run = fc.record({
      verdict: fc.constantFrom('crash' as const, 'oom' as const, 'killed' as const, 'clean' as const),
      upMs: fc.oneof(fc.constant(undefined), fc.integer({ min: 0, max: 120_000 })),
      random: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 60 }), (runs) => {
        let history: RestartHistory = NO_HISTORY;
        let now = 0;
        const failures: number[] = [];
        for (const { verdict, upMs, random } of runs) {
          const readySince = upMs === undefined ? undefined : now;
          now += upMs ?? 10;
          const { history: next, action, delayMs } = afterExit(history, { verdict, at: now, readySince }, random);
          history = next;
          if (verdict === 'killed') expect(delayMs).toBe(0);
          else {
            failures.push(now);
            if (action === 'quarantine') {
              expect(delayMs).toBeGreaterThanOrEqual(RESTART_LIMITS.quarantineMs);
              expect(delayMs).toBeLessThanOrEqual(RESTART_LIMITS.maxQuarantineMs);
            } else {
              expect(delayMs).toBeGreaterThanOrEqual(next.attempt === 1 ? 50 : 500);
              expect(delayMs).toBeLessThanOrEqual(next.attempt === 1 ? 100 : 30_000);
            }
          }
          now += delayMs;
        }
        for (const [index, time] of failures.entries()) {
          const sixth = failures[index + 5];
          if (sixth !== undefined) expect(sixth - time).toBeGreaterThanOrEqual(60_000);
        }
      }),
    );
  });
});
