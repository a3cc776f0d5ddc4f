import { readFileSync } from 'node:fs';

export interface ProcessMemory {
  /** Kilobytes. `pss` counts each shared page in parts; `anonymous` is what is not a file. */
  pss: number;
  anonymous: number;
  rss: number;
}

/** Memory of a process from `/proc/<pid>/smaps_rollup`. */
export const memoryOf = (pid: number): ProcessMemory => {
  const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
  const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0);
  return { pss: kilobytes('Pss'), anonymous: kilobytes('Pss_Anon'), rss: kilobytes('Rss') };
};

export const sumMemory = (parts: readonly ProcessMemory[]): ProcessMemory =>
  parts.reduce((sum, part) => ({ pss: sum.pss + part.pss, anonymous: sum.anonymous + part.anonymous, rss: sum.rss + part.rss }), {
    pss: 0,
    anonymous: 0,
    rss: 0,
  });

/** Clock ticks per second of `/proc/<pid>/stat`; fixed in Linux's interface. */
const TICKS = 100;

/** User and system time a process has used, in seconds. */
export const cpuSecondsOf = (pid: number): number => {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  // Fields are counted from behind the name, which may hold anything.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS;
};
