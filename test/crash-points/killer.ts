import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { identityOf, isAlive } from '../../shared/process-identity.js';
import { readMarks } from './mark-file.js';
import { IDLE, type Aim, type Victim } from './phases.js';

export interface Hit {
  victim: Victim;
  pid: number;
  /** What was under way in it; nothing when it was idle. */
  phases: string[];
  /** Whether it was what was aimed at. */
  aimed: boolean;
}

const LOOK_EVERY_MS = 1;
const STOP_TIMEOUT_MS = 30_000;
const GONE_TIMEOUT_MS = 60_000;

const send = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    return false;
  }
};

/** Looks without pause: a victim that stands still costs the whole worker. */
const soon = async (condition: () => boolean, timeoutMs: number, complaint: string): Promise<void> => {
  const deadline = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > deadline) throw new Error(complaint);
    await new Promise((resolve) => setImmediate(resolve));
  }
};

/** State letter and parent of a process; undefined when there is none. */
const statOf = (pid: number): { state: string; parent: number } | undefined => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything.
    const [state = '', parent = ''] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return { state, parent: Number(parent) };
  } catch (error) {
    if (!['ENOENT', 'ESRCH'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    return undefined;
  }
};

/** Kills processes of one worker while they are in a phase: it stops them, looks at their marks, and then kills them or lets them go on. */
export class Killer {
  readonly #folder: string;
  readonly #supervisor: () => number;

  /** @param folder of the mark files */
  constructor(folder: string, supervisor: () => number) {
    this.#folder = folder;
    this.#supervisor = supervisor;
  }

  /** Pids of the victims that have begun to work. Only the worker's own processes are among them, whatever the mark files are named. */
  candidates(victim: Victim): number[] {
    const supervisor = this.#supervisor();
    const pids = victim === 'supervisor' ? [supervisor] : this.#marked(victim).filter((pid) => statOf(pid)?.parent === supervisor);
    return pids.filter((pid) => readMarks(this.#path(victim, pid))?.ready);
  }

  /**
   * Waits for the phase aimed at. After `patienceMs` it takes what is busy, and after twice that anything.
   * @returns undefined when there was nobody to kill
   */
  async kill({ victim, phase }: Aim, patienceMs: number): Promise<Hit | undefined> {
    const startedAt = performance.now();
    for (;;) {
      const waited = (performance.now() - startedAt) / patienceMs;
      const fits = (phases: readonly string[]): boolean =>
        isIn(phase, phases) || waited > 2 || (waited > 1 && phase !== IDLE && phases.length > 0);
      for (const pid of this.candidates(victim)) {
        const hit = await this.#strike(victim, pid, fits);
        if (hit) return { ...hit, aimed: isIn(phase, hit.phases) };
      }
      if (waited > 4) return undefined;
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }

  async #strike(victim: Victim, pid: number, fits: (phases: readonly string[]) => boolean): Promise<Omit<Hit, 'aimed'> | undefined> {
    const path = this.#path(victim, pid);
    // A glance first: stopping a process that is busy with something else would only slow it down.
    if (!fits(readMarks(path)?.phases ?? [])) return undefined;
    const identity = identityOf(pid);
    if (!identity || !send(pid, 'SIGSTOP')) return undefined;
    let killed = false;
    try {
      await soon(() => ['T', 'Z', undefined].includes(statOf(pid)?.state), STOP_TIMEOUT_MS, `process ${pid} does not stop`);
      const phases = readMarks(path)?.phases;
      if (!phases || !fits(phases) || statOf(pid)?.state !== 'T') return undefined;
      killed = send(pid, 'SIGKILL');
      await soon(() => !isAlive(identity), GONE_TIMEOUT_MS, `process ${pid} does not end`);
      return { victim, pid, phases };
    } finally {
      if (!killed) send(pid, 'SIGCONT');
    }
  }

  #marked(victim: Victim): number[] {
    return readdirSync(this.#folder).flatMap((name) => (name.startsWith(`${victim}-`) ? Number(name.slice(victim.length + 1)) : []));
  }

  #path(victim: Victim, pid: number): string {
    return join(this.#folder, `${victim}-${pid}`);
  }
}

const isIn = (phase: string, phases: readonly string[]): boolean => (phase === IDLE ? phases.length === 0 : phases.includes(phase));
