import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planFaults, STABLE_SECONDS, type PlannedFault, type PlanOptions } from '../../chaos/fault-plan.js';
import { FAULT_KINDS, FAULTS, isHeldAgainst } from '../../chaos/faults.js';
import { randomFrom } from '../../support/ledger/random.js';

const planOf = (seed: number, options: Partial<Omit<PlanOptions, 'random'>> = {}): PlannedFault[] =>
  planFaults({ seconds: 300, slots: 4, kinds: FAULT_KINDS, ...options, random: randomFrom(seed) });

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
/** Plans are long. */
const RUNS = { numRuns: 40 };
const kindSets = fc.subarray(FAULT_KINDS, { minLength: 1 });

/** When each fault would come, in seconds, if every one took as little as it can. */
const timed = (plan: readonly PlannedFault[]): { at: number; end: number; fault: PlannedFault }[] => {
  let now = 0;
  return plan.map((fault) => {
    const at = now + fault.pauseMs / 1000;
    now = at + FAULTS[fault.kind].leastSeconds;
    return { at, end: now, fault };
  });
};

describe('the plan of faults', () => {
  test('is the same for the same seed and another for another', () => {
    expect(planOf(7)).toEqual(planOf(7));
    expect(planOf(7)).not.toEqual(planOf(8));
  });

  test('has every kind and every slot in five minutes', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const plan = planOf(seed);
        expect(new Set(plan.map(({ kind }) => kind))).toEqual(new Set(FAULT_KINDS));
        expect(new Set(plan.map(({ slot }) => slot))).toEqual(new Set([0, 1, 2, 3]));
      }),
      RUNS,
    );
  });

  test('strikes only slots that there are, for no longer than it was given', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 6 }), fc.integer({ min: 10, max: 900 }), kindSets, (seed, slots, seconds, kinds) => {
        const plan = planOf(seed, { slots, seconds, kinds });
        for (const { at, fault } of timed(plan)) {
          expect(fault.slot).toBeLessThan(slots);
          expect(kinds).toContain(fault.kind);
          // Pauses are rounded up to milliseconds.
          expect(at).toBeLessThan(seconds + 1);
        }
      }),
      RUNS,
    );
  });

  test('lets a runner work until nothing is held against its slot before it commits what would be', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 1, max: 6 }), kindSets, (seed, slots, kinds) => {
        const marked = new Map<number, boolean>();
        const readySince = new Map<number, number>();
        for (const { at, end, fault } of timed(planOf(seed, { slots, seconds: 900, kinds }))) {
          const { kind, slot } = fault;
          if (FAULTS[kind].exits.length === 0) continue;
          const stable = at - (readySince.get(slot) ?? -Infinity) >= STABLE_SECONDS;
          const wasMarked = marked.get(slot) === true && !stable;
          if (isHeldAgainst(kind)) expect(wasMarked).toBe(false);
          marked.set(slot, wasMarked || isHeldAgainst(kind));
          readySince.set(slot, end);
        }
      }),
      RUNS,
    );
  });
});
