/** How many reports of one session may wait before they become one. */
export const UNSENT_PER_SESSION = 100;

/**
 * Which unsent reports the latest one replaces, so that no more than `limit` wait; the one in flight stays, its fate is open.
 * @param seqs ascending
 * @returns ascending, mostly empty
 */
export const replacedByLatest = (seqs: readonly number[], inFlight: number | undefined, limit: number): number[] =>
  seqs.length > limit ? seqs.filter((seq) => seq !== inFlight).slice(0, -1) : [];
