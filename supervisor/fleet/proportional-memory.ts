import { readFile } from 'node:fs/promises';

export interface ProportionalMemoryOptions {
  /** Folder that holds `<pid>/smaps_rollup`. */
  proc?: string;
  /** The kernel walks all pages of a process for one reading, which takes it milliseconds. */
  maxAgeMs?: number;
  /** Milliseconds of a monotonic clock. */
  clock?: () => number;
}

/** Bytes of a process with each shared page counted in parts; undefined when the kernel does not say. */
export type ReadProportionalMemory = (pid: number) => Promise<number | undefined>;

/** @returns a reader that reads when asked, but each process once in `maxAgeMs` at most */
export const createProportionalMemory = ({
  proc = '/proc',
  maxAgeMs = 5_000,
  clock = () => performance.now(),
}: ProportionalMemoryOptions = {}): ReadProportionalMemory => {
  const readings = new Map<number, { at: number; bytes: Promise<number | undefined> }>();
  return async (pid) => {
    const now = clock();
    for (const [known, { at }] of readings) if (now - at >= maxAgeMs) readings.delete(known);
    const reading = readings.get(pid) ?? { at: now, bytes: read(`${proc}/${pid}/smaps_rollup`) };
    readings.set(pid, reading);
    return reading.bytes;
  };
};

const read = async (file: string): Promise<number | undefined> => {
  try {
    const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(await readFile(file, 'utf8'))?.[1];
    return kilobytes === undefined ? undefined : Number(kilobytes) * 1_024;
  } catch {
    // It ended, or this kernel has no such file.
    return undefined;
  }
};
