// What the kernel itself says of the machine, to compare the worker's figures with.
import { readFile } from 'node:fs/promises';

/** Time of all processors since the start of the machine, in the kernel's units. */
export interface Ticks {
  busy: number;
  all: number;
}

export const between = (from: Ticks, to: Ticks): Ticks => ({ busy: to.busy - from.busy, all: to.all - from.all });

export const cpuTicks = async (): Promise<Ticks> => {
  const line = (await readFile('/proc/stat', 'utf8')).split('\n')[0] ?? '';
  const [user = 0, nice = 0, system = 0, idle = 0, , irq = 0] = line.split(/\s+/).slice(1).map(Number);
  const busy = user + nice + system + irq;
  return { busy, all: busy + idle };
};

export const memoryPercent = async (): Promise<number> => {
  const file = await readFile('/proc/meminfo', 'utf8');
  const [total = 1, available = 0] = ['MemTotal', 'MemAvailable'].map((name) =>
    Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(file)?.[1]),
  );
  return (100 * (total - available)) / total;
};

/** In a cgroup with limits of its own the figures are those of the cgroup. */
export const isLimited = async (): Promise<boolean> => {
  const read = async (file: string): Promise<string> => readFile(file, 'utf8').catch(() => 'max');
  const v2 = /^0::(.*)$/m.exec(await read('/proc/self/cgroup'))?.[1] ?? '';
  const files = ['cpu.max', 'memory.max'].flatMap((name) => [`/sys/fs/cgroup/${name}`, `/sys/fs/cgroup${v2}/${name}`]);
  const v1 = ['/sys/fs/cgroup/cpu/cpu.cfs_quota_us'];
  const limits = await Promise.all([...files, ...v1].map(read));
  return limits.some((limit) => !/^(max|-1)/.test(limit));
};
