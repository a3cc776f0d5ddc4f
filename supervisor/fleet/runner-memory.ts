// How much memory a runner may take, from how many sessions it holds. An idle runner takes about 110 MB and 3.3 MB for each session: 190 MB with 25.

const MIB = 1024 * 1024;

/** Twice what a full runner takes at rest: a healthy one never gets there. */
export const recycleMegabytes = (sessions: number): number => 256 + 6 * sessions;

/** Undefined for 0, which means never. */
export const recycleBytes = (megabytes: number): number | undefined => (megabytes === 0 ? undefined : megabytes * MIB);

/** Above the limit of a recycle, so that a runner that leaks is replaced before it dies of it. */
const heapMegabytes = (sessions: number): number => 256 + 8 * sessions;

/** For young objects: with Node's own 16 MB a runner takes 30 MB more and no less time. */
const YOUNG_MEGABYTES = 2;

/** Node's options for a runner: those given, and bounds for its heap unless they have them. */
export const runnerOptions = (given: readonly string[], sessions: number): string[] => {
  const bounds: [pattern: RegExp, option: string][] = [
    [/^--max[-_]old[-_]space[-_]size/, `--max-old-space-size=${heapMegabytes(sessions)}`],
    [/^--max[-_]semi[-_]space[-_]size/, `--max-semi-space-size=${YOUNG_MEGABYTES}`],
  ];
  return [...given, ...bounds.filter(([pattern]) => !given.some((option) => pattern.test(option))).map(([, option]) => option)];
};
