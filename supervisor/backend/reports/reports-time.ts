import { performance } from 'node:perf_hooks';

/** Time and chance, so that tests can hand in their own. */
export interface ReportsTime {
  /** Unix milliseconds, for what is stored and shown. */
  now(): number;
  /** Milliseconds that never step back, for pauses. */
  elapsed(): number;
  /** Calls `run` after `ms`, unless the returned function was called before. */
  after(ms: number, run: () => void): () => void;
  /** In [0, 1). */
  random(): number;
}

export const REAL_TIME: ReportsTime = {
  now: () => Date.now(),
  elapsed: () => performance.now(),
  after: (ms, run) => {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
  random: () => Math.random(),
};
