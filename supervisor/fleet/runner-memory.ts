// How much memory a runner may take, from how many sessions it holds. At rest that is about 45 MB of its own and 0.1 to 0.15 MB for each session.

const MIB = 1024 * 1024;

/** Of its own, without pages of files: several times what a full runner takes at rest, so that a healthy one never gets there. */
export const recycleMegabytes = (sessions: number): number => 256 + Math.ceil(sessions / 2);

/** Undefined for 0, which means never. */
export const recycleBytes = (megabytes: number): number | undefined => (megabytes === 0 ? undefined : megabytes * MIB);

/**
 * Above the limit of a recycle, so that a runner that leaks is replaced before it dies of it, and no more than that: the higher the bound, the
 * more garbage V8 leaves lying about.
 */
const heapMegabytes = (sessions: number): number => 384 + Math.ceil(sessions / 2);

/** For young objects. With 2 MB a busy runner takes 9 % more time, and 17 MB less; at rest V8 gives them back. With Node's own 16 MB it takes 13 MB more. */
const YOUNG_MEGABYTES = 8;

/** V8's helpers for collecting garbage and compiling. With Node's own four a runner takes 8 MB more, and 4 % more time to wake and await them. */
const HELPERS = 1;

/** Node's options for a runner: those given, and bounds for its heap and helpers unless they have them. */
export const runnerOptions = (given: readonly string[], sessions: number): string[] => {
  const bounds: [pattern: RegExp, option: string][] = [
    [/^--max[-_]old[-_]space[-_]size/, `--max-old-space-size=${heapMegabytes(sessions)}`],
    [/^--max[-_]semi[-_]space[-_]size/, `--max-semi-space-size=${YOUNG_MEGABYTES}`],
    [/^--v8[-_]pool[-_]size/, `--v8-pool-size=${HELPERS}`],
  ];
  return [...given, ...bounds.filter(([pattern]) => !given.some((option) => pattern.test(option))).map(([, option]) => option)];
};
