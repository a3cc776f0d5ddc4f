// Load of the host, or of the cgroup when it has a limit: what fills up first is what decides whether there is room for more sessions.
import { readFile } from 'node:fs/promises';
import { cpus, freemem, platform, totalmem } from 'node:os';
import { join } from 'node:path';
import type { Logger } from '../shared/logging.js';

const SAMPLE_INTERVAL_MS = 5_000;
const SECOND_SAMPLE_MS = 1_000;

/** Percent from 0 to 100 over all cores or of the limit, one decimal. */
export interface Load {
  cpuPercent: number;
  memoryPercent: number;
  /** What `memoryPercent` is made of; undefined before the first sample. */
  memory: MemoryUse | undefined;
}

export interface MemoryUse {
  usedBytes: number;
  limitBytes: number;
}

export interface HostLoad {
  /** The last sample, every 5 seconds a new object; zeros before the first. */
  current(): Load;
  /** Calls `listener` after every sample, until the returned function is called. */
  onSample(listener: () => void): () => void;
  stop(): void;
}

/** Samples in the background and never keeps the process alive. */
export const startHostLoad = (log: Logger, root = '/'): HostLoad => {
  let load: Load = { cpuPercent: 0, memoryPercent: 0, memory: undefined };
  let sampling = false;
  const listeners = new Set<() => void>();
  const probe = createProbe(root);
  const sample = async (): Promise<void> => {
    // A slow sample is not overtaken by the next one.
    if (sampling) return;
    sampling = true;
    try {
      load = await probe();
      for (const listener of [...listeners]) listener();
    } catch (error) {
      log.debug({ err: error }, 'host load could not be sampled');
    } finally {
      sampling = false;
    }
  };
  const timers = [
    // The first sample of the CPU is the mean since the machine started.
    setTimeout(() => void sample(), SECOND_SAMPLE_MS).unref(),
    setInterval(() => void sample(), SAMPLE_INTERVAL_MS).unref(),
  ];
  void sample();
  return {
    current: () => load,
    onSample: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    stop: () => {
      for (const timer of timers) clearTimeout(timer);
    },
  };
};

/** A function that measures since its last call. `root` is the folder that holds `proc` and `sys`. */
export const createProbe = (root: string, now: () => number = () => performance.now()): (() => Promise<Load>) => {
  let before = new Map<string, { usedMs: number; at: number }>();
  let ticksBefore: Ticks = { busy: 0, all: 0 };
  return async () => {
    const [groups, host] = await Promise.all([readGroups(root), hostLoad()]);
    const hostCpu = busyPercent(ticksBefore, host.ticks);
    ticksBefore = host.ticks;
    const at = now();
    // A limit above what the machine has limits nothing.
    const cpu = groups.flatMap(({ cpu: group }) => {
      if (!group || group.limitCores >= host.cores) return [];
      const last = before.get(group.path);
      if (!last || at <= last.at) return [];
      return [(100 * (group.usedMs - last.usedMs)) / ((at - last.at) * group.limitCores)];
    });
    before = new Map(groups.flatMap(({ cpu: group }) => (group ? [[group.path, { usedMs: group.usedMs, at }] as const] : [])));
    const limited = groups.flatMap(({ memory: group }) => (group && group.limitBytes < host.memory.limitBytes ? [group] : []));
    const memory = limited.toSorted((a, b) => share(b) - share(a))[0] ?? host.memory;
    return { cpuPercent: percent(cpu.length > 0 ? Math.max(...cpu) : hostCpu), memoryPercent: percent(share(memory)), memory };
  };
};

const share = ({ usedBytes, limitBytes }: MemoryUse): number => (100 * usedBytes) / limitBytes;

const percent = (value: number): number => Math.round(Math.min(100, Math.max(0, value)) * 10) / 10;

/** What all cores together have done since the machine started, in milliseconds. */
export interface Ticks {
  busy: number;
  all: number;
}

/** Of the time between two looks; 0 when there was none. */
export const busyPercent = (before: Ticks, after: Ticks): number => {
  const all = after.all - before.all;
  return all > 0 ? (100 * (after.busy - before.busy)) / all : 0;
};

/** In bytes, caches that can be dropped included. On Linux Node.js asks the kernel for just that; elsewhere it leaves caches out. */
const availableMemory = async (): Promise<number> => {
  if (platform() === 'linux') return freemem();
  // Four megabytes that Linux need not load. Not asked for the CPU: it starts three programs to read that.
  const { mem } = await import('systeminformation');
  return (await mem()).available;
};

const hostLoad = async (): Promise<{ ticks: Ticks; memory: MemoryUse; cores: number }> => {
  const [total, available] = [totalmem(), await availableMemory()];
  const cores = cpus();
  const times = cores.map(({ times: { user, nice, sys, irq, idle } }) => ({ busy: user + nice + sys + irq, idle }));
  const busy = times.reduce((sum, core) => sum + core.busy, 0);
  return {
    ticks: { busy, all: busy + times.reduce((sum, core) => sum + core.idle, 0) },
    memory: { usedBytes: total - available, limitBytes: total },
    cores: cores.length,
  };
};

interface Group {
  cpu?: { path: string; usedMs: number; limitCores: number } | undefined;
  memory?: MemoryUse | undefined;
}

/** This process's cgroup and all above it: the limit may be set on any of them. */
const readGroups = async (root: string): Promise<Group[]> => {
  const lines = (await read(join(root, 'proc/self/cgroup')))?.trim().split('\n') ?? [];
  const groups = lines.map(async (line): Promise<Group[]> => {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) return [];
    const names = controllers.split(',');
    return Promise.all(
      withParents(path).map(async (folder): Promise<Group> => {
        const at = (controller: string): string => join(root, 'sys/fs/cgroup', controller, folder);
        if (controllers === '') return { cpu: await cpuV2(at('')), memory: await memoryV2(at('')) };
        if (names.includes('memory')) return { memory: await memoryV1(at('memory')) };
        if (names.includes('cpu')) return { cpu: await cpuV1(at('cpu'), at('cpuacct')) };
        return {};
      }),
    );
  });
  return (await Promise.all(groups)).flat();
};

/** `/a/b` → `/a/b`, `/a`, `/`. The last also serves a container that sees the host's path but mounts its own group. */
const withParents = (path: string): string[] => {
  const parts = path.split('/').filter((part) => part !== '');
  return Array.from({ length: parts.length + 1 }, (_, dropped) => `/${parts.slice(0, parts.length - dropped).join('/')}`);
};

const cpuV2 = async (folder: string): Promise<Group['cpu']> => {
  const [max, stat] = await Promise.all([read(join(folder, 'cpu.max')), read(join(folder, 'cpu.stat'))]);
  const [quota, period] = (max ?? '').trim().split(' ').map(Number);
  return cpuGroup(folder, quota, period, field(stat, 'usage_usec') / 1_000);
};

const cpuV1 = async (folder: string, accounting: string): Promise<Group['cpu']> => {
  const [quota, period, usedNs] = await Promise.all([
    read(join(folder, 'cpu.cfs_quota_us')),
    read(join(folder, 'cpu.cfs_period_us')),
    read(join(accounting, 'cpuacct.usage')),
  ]);
  return cpuGroup(folder, Number(quota), Number(period), usedNs === undefined ? NaN : Number(usedNs) / 1e6);
};

/** No group without a limit: `max` reads as NaN, and -1 is version 1's word for none. */
const cpuGroup = (path: string, quota: number | undefined, period: number | undefined, usedMs: number): Group['cpu'] =>
  quota !== undefined && period !== undefined && quota > 0 && period > 0 && Number.isFinite(usedMs)
    ? { path, usedMs, limitCores: quota / period }
    : undefined;

const memoryV2 = async (folder: string): Promise<Group['memory']> => {
  const names = ['memory.max', 'memory.current', 'memory.stat'];
  const [max, used, stat] = await Promise.all(names.map(async (name) => read(join(folder, name))));
  return memoryGroup(max, used, field(stat, 'inactive_file'));
};

const memoryV1 = async (folder: string): Promise<Group['memory']> => {
  const names = ['memory.limit_in_bytes', 'memory.usage_in_bytes', 'memory.stat'];
  const [max, used, stat] = await Promise.all(names.map(async (name) => read(join(folder, name))));
  return memoryGroup(max, used, field(stat, 'total_inactive_file'));
};

/** Version 1 writes "no limit" as a number near 2^63. */
const NO_LIMIT_BYTES = 2 ** 60;

/** File cache that the kernel would give back at once is not counted as used. */
const memoryGroup = (max: string | undefined, used: string | undefined, cache: number): Group['memory'] => {
  const limitBytes = Number(max);
  const usedBytes = Number(used) - (Number.isFinite(cache) ? cache : 0);
  return limitBytes > 0 && limitBytes < NO_LIMIT_BYTES && Number.isFinite(usedBytes) ? { usedBytes, limitBytes } : undefined;
};

/** The number after `name` in a `name value` file. */
const field = (file: string | undefined, name: string): number =>
  Number(new RegExp(`^${name} (\\d+)$`, 'm').exec(file ?? '')?.[1] ?? Number.NaN);

const read = async (file: string): Promise<string | undefined> => {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // Not this version of cgroups, or no cgroups at all.
    return undefined;
  }
};
