// Figures of repeated measurements.

/** The value that this share of all does not exceed; 0 of none. */
export const quantile = (values: readonly number[], share: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0;
};

const median = (values: readonly number[]): number => quantile(values, 0.5);

export const round = (value: number): number => (Math.abs(value) >= 100 ? Math.round(value) : Math.round(value * 1_000) / 1_000);

/** Results and the range of those that were measured more than once. */
export interface Figures {
  results: Record<string, number>;
  spread: Record<string, [number, number]>;
}

/** The median of every figure, and the least and greatest of each. */
export const medians = (runs: readonly Record<string, number>[]): Figures => {
  const results: Figures['results'] = {};
  const spread: Figures['spread'] = {};
  for (const name of Object.keys(runs[0] ?? {})) {
    const values = runs.map((run) => run[name] ?? 0);
    results[name] = round(median(values));
    if (runs.length > 1) spread[name] = [round(Math.min(...values)), round(Math.max(...values))];
  }
  return { results, spread };
};

/** The peak memory of this process. Pages of the stores are mapped files: they count as `rss`, but the kernel may drop them. */
export const peakRssMiB = (): number => process.resourceUsage().maxRSS / 1024;
