import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { platform, tmpdir, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { busyPercent, createProbe, startHostLoad } from '../../../supervisor/host-load.js';

let root: string;
let now: number;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), 'host-load-'));
  now = 1_000;
});
afterEach(async () => rm(root, { recursive: true }));

const write = async (files: Record<string, string>): Promise<void> => {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), text);
  }
};
const probe = () => createProbe(root, () => now);

it('is that of the host when there is no cgroup limit', async () => {
  await write({ 'proc/self/cgroup': '0::/\n', 'sys/fs/cgroup/cpu.max': 'max 100000\n', 'sys/fs/cgroup/memory.max': 'max\n' });
  const load = await probe()();
  expect(load.cpuPercent).toBeGreaterThanOrEqual(0);
  expect(load.cpuPercent).toBeLessThanOrEqual(100);
  expect(load.memoryPercent).toBeGreaterThan(0);
  expect(load.memoryPercent).toBeLessThan(100);
  expect(load.memory?.limitBytes).toBe(totalmem());
  expect(load.memoryPercent * 10).toBeCloseTo(Math.round(load.memoryPercent * 10));
});

it.skipIf(platform() !== 'linux')('counts as used what the kernel could not give, which leaves out the cache of files', async () => {
  const kilobytes = async (field: string): Promise<number> =>
    Number(new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(await readFile('/proc/meminfo', 'utf8'))?.[1]);
  const { memory } = await probe()();
  const used = (await kilobytes('MemTotal')) - (await kilobytes('MemAvailable'));
  expect(Math.abs((memory?.usedBytes ?? 0) / 1_024 - used)).toBeLessThan(256 * 1_024);
});

it('is what the cores did between two looks, not since the machine started', () => {
  expect(busyPercent({ busy: 900, all: 1_000 }, { busy: 925, all: 1_100 })).toBe(25);
  expect(busyPercent({ busy: 900, all: 1_000 }, { busy: 900, all: 1_000 })).toBe(0);
});

it.skipIf(process.platform !== 'linux')('starts no program to find out', async () => {
  // Page faults of children that have ended, after a name that may have spaces.
  const faults = async (): Promise<number> => Number(/\) (?:\S+ ){8}(\d+) /.exec(await readFile('/proc/self/stat', 'utf8'))?.[1]);
  const measure = createProbe('/');
  // Some who are asked answer as before when they are asked again at once.
  await sleep(300);
  const before = await faults();
  await measure();
  expect(await faults()).toBe(before);
  spawnSync('true');
  expect(await faults()).toBeGreaterThan(before);
});

it('is that of the tightest cgroup v2 above the process', async () => {
  const group = 'sys/fs/cgroup/system.slice/worker.service';
  await write({
    'proc/self/cgroup': '0::/system.slice/worker.service\n',
    [`${group}/cpu.max`]: '50000 100000\n',
    [`${group}/cpu.stat`]: 'usage_usec 1000000\nuser_usec 1\n',
    [`${group}/memory.max`]: '104857600\n',
    [`${group}/memory.current`]: '62914560\n',
    [`${group}/memory.stat`]: 'anon 1\ninactive_file 10485760\n',
    'sys/fs/cgroup/system.slice/memory.max': '104857600\n',
    'sys/fs/cgroup/system.slice/memory.current': '94371840\n',
  });
  const measure = probe();
  expect(await measure()).toMatchObject({ memoryPercent: 90, memory: { usedBytes: 94371840, limitBytes: 104857600 } });
  await write({ [`${group}/cpu.stat`]: 'usage_usec 1250000\n' });
  now += 1_000;
  // 250 ms of the 500 ms that half a core has in a second.
  expect((await measure()).cpuPercent).toBe(50);
  await write({ [`${group}/cpu.stat`]: 'usage_usec 9999999\n' });
  now += 1_000;
  expect((await measure()).cpuPercent).toBe(100);
});

it('is that of cgroup v1, also when the path is the host’s and the mount the container’s', async () => {
  await write({
    'proc/self/cgroup': '4:memory:/docker/abc\n2:cpu,cpuacct:/docker/abc\n1:name=systemd:/x\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '104857600\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '36700160\n',
    'sys/fs/cgroup/memory/memory.stat': 'cache 1\ntotal_inactive_file 10485760\n',
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '50000\n',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/cpuacct/cpuacct.usage': '1000000000\n',
  });
  const measure = probe();
  expect((await measure()).memoryPercent).toBe(25);
  await write({ 'sys/fs/cgroup/cpuacct/cpuacct.usage': '1100000000\n' });
  now += 1_000;
  expect((await measure()).cpuPercent).toBe(20);
});

it('takes limits above the machine, and "no limit" of v1, for none', async () => {
  await write({
    'proc/self/cgroup': '4:memory:/\n2:cpu:/\n',
    'sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    'sys/fs/cgroup/memory/memory.usage_in_bytes': '1\n',
    'sys/fs/cgroup/cpu/cpu.cfs_quota_us': '-1\n',
    'sys/fs/cgroup/cpu/cpu.cfs_period_us': '100000\n',
    'sys/fs/cgroup/cpuacct/cpuacct.usage': '1\n',
  });
  expect((await probe()()).memoryPercent).toBeGreaterThan(0);
});

it('is sampled in the background', async () => {
  const load = startHostLoad(pino({ level: 'silent' }));
  expect(load.current()).toEqual({ cpuPercent: 0, memoryPercent: 0, memory: undefined });
  await vi.waitFor(() => expect(load.current().memoryPercent).toBeGreaterThan(0), 60_000);
  load.stop();
});
