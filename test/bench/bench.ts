export interface BenchOptions {
  sessions: number;
  seconds: number;
}

/** A figure with the limit it must keep; `value` must be at most `limit`. */
interface Target {
  name: string;
  value: number;
  limit: number;
  unit: string;
}

interface BenchOutcome {
  results: Record<string, number>;
  targets: Target[];
}

/** One benchmark: prints what it does, answers its figures. */
export type Bench = (options: BenchOptions) => Promise<BenchOutcome>;
