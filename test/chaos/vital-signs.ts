// What the kernel says of the worker's processes.
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { cpuSecondsOf } from '../bench/process-memory.js';

/** Undefined when the process, or what is asked of it, is gone. */
const unlessGone = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return undefined;
  }
};

/** State of a socket in `/proc/net/tcp`. */
const LISTENING = '0A';

/** Sockets of connections that were made to a TCP port of this machine, by inode. */
const connectionsTo = (pid: number, port: number): Set<string> => {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const lines = ['tcp', 'tcp6'].flatMap(
    (table) =>
      unlessGone(() => readFileSync(`/proc/${pid}/net/${table}`, 'utf8'))
        ?.split('\n')
        .slice(1) ?? [],
  );
  const sockets = lines
    .map((line) => line.trim().split(/\s+/))
    .filter(([, local = '', , state = '']) => local.endsWith(suffix) && state !== LISTENING);
  return new Set(sockets.flatMap(([, , , , , , , , , inode]) => inode ?? []));
};

/** Open descriptors of a process. Clients of its API on `port` keep connections open as they like; those do not count. */
export const descriptorsOf = (pid: number, port: number): number => {
  const folder = `/proc/${pid}/fd`;
  const clients = connectionsTo(pid, port);
  const targets = readdirSync(folder).flatMap((name) => unlessGone(() => readlinkSync(`${folder}/${name}`)) ?? []);
  return targets.filter((target) => !clients.has(/^socket:\[(\d+)\]$/.exec(target)?.[1] ?? '')).length;
};

/** Pids of the runners that work, or worked, below this data folder: whoever started them, and whether anyone still knows of them. */
export const runnersBelow = (dataDir: string): number[] =>
  readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const environment = readFileSync(`/proc/${name}/environ`, 'utf8').split('\0');
      return environment.some((variable) => variable.startsWith(`RUNNER_DATA_DIR=${dataDir}/`)) ? Number(name) : [];
    } catch (error) {
      // Ended meanwhile, or another user's.
      if (!['ENOENT', 'ESRCH', 'EACCES', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
      return [];
    }
  });

/** Resident memory in kilobytes, and how much of it is no file; cheaper than the shares of `smaps_rollup`, which stop the process. */
export interface Resident {
  all: number;
  /** Without mapped files: a leak shows here. */
  anonymous: number;
}

export const residentKilobytes = (pid: number): Resident => {
  const status = readFileSync(`/proc/${pid}/status`, 'utf8');
  const kilobytes = (field: string): number => Number(new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(status)?.[1] ?? 0);
  return { all: kilobytes('VmRSS'), anonymous: kilobytes('RssAnon') };
};

/** Of the samples: how many belong to warming up, and how many make a median. */
const SAMPLE_SHARES = { warmUp: 0.2, median: 0.1 };

/** The samples of resident memory that are compared with each other: the first when the process was warm, and the last of all. */
export const residentSamples = (samples: readonly number[]): { warm: readonly number[]; last: readonly number[] } => {
  const count = Math.ceil(samples.length * SAMPLE_SHARES.median);
  const from = Math.floor(samples.length * SAMPLE_SHARES.warmUp);
  return { warm: samples.slice(from, from + count), last: samples.slice(-count) };
};

/** CPU seconds of those that still run. */
export const cpuSecondsOfAll = (pids: readonly number[]): number =>
  pids.reduce((sum, pid) => sum + (unlessGone(() => cpuSecondsOf(pid)) ?? 0), 0);

export const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
