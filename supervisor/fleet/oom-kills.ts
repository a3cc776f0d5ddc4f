// How often the kernel killed a process of our cgroup for want of memory: it tells an OOM kill from any other SIGKILL.
import { readFileSync } from 'node:fs';

/** Each call takes one kill that no earlier call took, so that two runners killed together are both told; 0 when there is none. */
export const createOomKillCounter = (read: () => number = readOomKills): (() => number) => {
  let taken = read();
  return () => {
    if (read() <= taken) return 0;
    taken += 1;
    return 1;
  };
};

/** cgroup v2 keeps the count in `memory.events`, v1 in `memory.oom_control`. */
const readOomKills = (): number => {
  try {
    const cgroups = readFileSync('/proc/self/cgroup', 'utf8');
    const v2 = /^0::(.*)$/m.exec(cgroups)?.[1];
    const v1 = /^\d+:(?:[^:]*,)?memory(?:,[^:]*)?:(.*)$/m.exec(cgroups)?.[1];
    const file = v1 === undefined ? `/sys/fs/cgroup${v2 ?? ''}/memory.events` : `/sys/fs/cgroup/memory${v1}/memory.oom_control`;
    return Number(/^oom_kill (\d+)$/m.exec(readFileSync(file, 'utf8'))?.[1] ?? 0);
  } catch {
    return 0;
  }
};
