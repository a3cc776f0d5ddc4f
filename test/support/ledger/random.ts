/** A number in [0, 1). */
export type Random = () => number;

/** Numbers that a seed repeats (mulberry32). */
export const randomFrom = (seed: number): Random => {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

/** The seed of the `n`-th of what runs side by side: always the same, unlike its neighbours', and for the first the seed itself. */
export const derivedSeed = (seed: number, n: number): number => (seed + Math.imul(n, 0x9e3779b9)) >>> 0;

export const pick = <T>(random: Random, items: readonly T[]): T | undefined => items[Math.floor(random() * items.length)];
