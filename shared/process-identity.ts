// A pid is used again after its process is gone; together with its start time it names one process only.
import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync, readlinkSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';

export const ProcessIdentity = z.object({
  pid: z.number().int().positive(),
  /** Opaque; compared as a whole. On Linux clock ticks since boot and the id of the boot. */
  start: z.string().min(1),
});
export type ProcessIdentity = z.infer<typeof ProcessIdentity>;

interface ProcessStatus {
  start: string;
  zombie: boolean;
}

const POLL_MS = 10;

/** The identity of a running process, or undefined when there is none (a zombie still has one). */
export const identityOf = (pid: number): ProcessIdentity | undefined => {
  const status = statusOf(pid);
  return status && { pid, start: status.start };
};

/** True while that very process can still act: a zombie cannot, a stopped one can. */
export const isAlive = ({ pid, start }: ProcessIdentity): boolean => {
  const status = statusOf(pid);
  return status !== undefined && status.start === start && !(status.zombie && otherThreads(pid) === 0);
};

/**
 * SIGKILL, then waits until the process is gone or a zombie; also ends a stopped one.
 * @returns false when it still lives after `timeoutMs`
 */
export const killAndWait = async (identity: ProcessIdentity, timeoutMs: number): Promise<boolean> => {
  const deadline = performance.now() + timeoutMs;
  while (isAlive(identity)) {
    if (performance.now() >= deadline) return false;
    // Repeating it does no harm, and ends one whose pid was not signalable at first.
    sendKill(identity.pid);
    await sleep(POLL_MS);
  }
  return true;
};

/** Identifies this boot of this machine and, in a container, its own numbering of processes: where pids can be compared. */
export const pidSpace = (): string => `${bootId()} ${pidNamespace()}`;

const sendKill = (pid: number): void => {
  try {
    process.kill(pid, 'SIGKILL');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ESRCH' && code !== 'EPERM') throw error;
  }
};

const statusOf = (pid: number): ProcessStatus | undefined => (process.platform === 'linux' ? statusFromProc(pid) : statusFromPs(pid));

/** proc(5): the name stands in parentheses and may hold any character, so fields count from the last one; state is 3, start time 22. */
const statusFromProc = (pid: number): ProcessStatus | undefined => {
  const stat = readOrUndefined(() => readFileSync(`/proc/${pid}/stat`, 'utf8'));
  const fields = stat?.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, ticks] = [fields?.[0], fields?.[19]];
  if (state === undefined || ticks === undefined) return undefined;
  return { start: `${ticks} ${bootId()}`, zombie: state === 'Z' || state === 'X' };
};

const statusFromPs = (pid: number): ProcessStatus | undefined => {
  const line = readOrUndefined(() =>
    execFileSync('ps', ['-o', 'stat=,lstart=', '-p', String(pid)], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }),
  )?.trim();
  const [, state, start] = /^(\S+)\s+(.+)$/.exec(line ?? '') ?? [];
  return state === undefined || start === undefined ? undefined : { start, zombie: state.startsWith('Z') };
};

/** The first thread can be a zombie while others still run; the sockets close with the last. */
const otherThreads = (pid: number): number =>
  process.platform === 'linux' ? (readOrUndefined(() => readdirSync(`/proc/${pid}/task`))?.length ?? 1) - 1 : 0;

const bootId = (): string => readOrUndefined(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))?.trim() ?? 'unknown';

const pidNamespace = (): string => readOrUndefined(() => readlinkSync('/proc/self/ns/pid')) ?? 'unknown';

/** Absent, unreadable and gone meanwhile are the same answer here. */
const readOrUndefined = <T>(read: () => T): T | undefined => {
  try {
    return read();
  } catch {
    return undefined;
  }
};
