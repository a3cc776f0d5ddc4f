import type { BenchOutcome } from './bench.js';
import { medians, type Figures } from './storage/figures.js';

/** Measures so many times, everything anew; medians and the range of each figure. */
export const inRounds = async (rounds: number, measure: () => Promise<Record<string, number>>): Promise<Figures> => {
  const runs: Record<string, number>[] = [];
  for (let run = 1; run <= rounds; run++) {
    runs.push(await measure());
    console.log(`  round ${run} of ${rounds} is done`);
  }
  return medians(runs);
};

/** The most that a result may be, and its unit. */
export type Limits = Record<string, readonly [limit: number, unit: string]>;

/** For figures that were measured; others have no target. */
export const targetsFor = (results: Readonly<Record<string, number>>, limits: Limits): BenchOutcome['targets'] =>
  Object.entries(limits).flatMap(([name, [limit, unit]]) => {
    const value = results[name];
    return value === undefined ? [] : [{ name, value, limit, unit }];
  });
