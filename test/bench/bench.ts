export interface BenchOptions {
  sessions: number;
  seconds: number;
  /** How often each figure is measured, by benches that repeat. */
  rounds: number;
  /** Connections over TLS, by benches that connect sessions. */
  wss: boolean;
}

/** A figure with the limit it must keep; `value` must be at most `limit`. One named like a result is shown beside it. */
interface Target {
  name: string;
  value: number;
  limit: number;
  unit: string;
}

export interface BenchOutcome {
  results: Record<string, number>;
  /** Least and greatest of results that were measured several times. */
  spread?: Record<string, [number, number]>;
  targets: Target[];
}

/** What `--json` writes of a run. */
export interface BenchReport extends Omit<BenchOutcome, 'targets'> {
  bench: string;
  node: string;
  machine: string;
  wss: boolean;
  targets: (Target & { pass: boolean })[];
}

/** One benchmark: prints what it does, answers its figures. */
export type Bench = (options: BenchOptions) => Promise<BenchOutcome>;
