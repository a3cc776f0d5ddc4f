// How much memory a runner may take, from how many sessions it holds. An idle runner takes about 110 MB and 3.3 MB for each session: 190 MB with 25.

const MIB = 1024 * 1024;

/** Twice what a full runner takes at rest: a healthy one never gets there. */
export const recycleMegabytes = (sessions: number): number => 256 + 6 * sessions;

/** Undefined for 0, which means never. */
export const recycleBytes = (megabytes: number): number | undefined => (megabytes === 0 ? undefined : megabytes * MIB);

/** Above the limit of a recycle, so that a runner that leaks is replaced before it dies of it. */
const heapMegabytes = (sessions: number): number => 256 + 8 * sessions;

/** Node's options for a runner: those given, and a bound for its heap unless they have one. */
export const runnerOptions = (given: readonly string[], sessions: number): string[] =>
  given.some((option) => /^--max[-_]old[-_]space[-_]size/.test(option))
    ? [...given]
    : [...given, `--max-old-space-size=${heapMegabytes(sessions)}`];
