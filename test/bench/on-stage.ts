import type { Contender } from './contender.js';
import { openStage, type PairedFleet, type Stage } from './fleet/paired-fleet.js';
import { cpuSecondsOf } from './process-memory.js';
import { RawContender } from './raw/raw-contender.js';
import { WorkerContender } from './worker-contender.js';

export type Kind = 'worker' | 'fixed' | 'stock';

/** Beyond it stock Baileys takes longer and longer for everything. */
export const MOST_STOCK_SESSIONS = 200;
/** Beyond it each of its logins takes longer than all before. */
export const MOST_STOCK_LOGINS = 500;

/** Milliseconds after which what many logins leave to be done is done. */
export const QUIET_AFTER_MS = 20_000;

export interface Cast {
  fleet: PairedFleet;
  kind: Kind;
  sessions: number;
  /** For the worker. */
  env?: Record<string, string>;
  /** Options of Node.js for the worker's runners. */
  runnerOptions?: string[];
}

/** Runs `play` with a contender that is prepared and not open, before a simulated WhatsApp of its own. */
export const onStage = async <T>(
  { fleet, kind, sessions, env = {}, runnerOptions = [] }: Cast,
  play: (contender: Contender, stage: Stage) => Promise<T>,
): Promise<T> => {
  const stage = await openStage(fleet);
  try {
    const contender =
      kind === 'worker' ? new WorkerContender(stage, sessions, env, runnerOptions) : new RawContender(stage, sessions, kind);
    try {
      await contender.prepare();
      return await play(contender, stage);
    } finally {
      await contender.close();
    }
  } finally {
    await stage.close();
  }
};

/** Processor time of these processes while `work` was under way, in seconds: of the first, and of all. */
export const cpuDuring = async <T>(pids: readonly number[], work: () => Promise<T>): Promise<{ result: T; first: number; all: number }> => {
  const before = pids.map(cpuSecondsOf);
  const result = await work();
  const used = pids.map((pid, n) => cpuSecondsOf(pid) - (before[n] ?? 0));
  return { result, first: used[0] ?? 0, all: used.reduce((sum, one) => sum + one, 0) };
};

/** A contact of each session who is nobody's session. */
export const contactsOf = async ({ whatsapp }: Stage, sessions: number): Promise<string[]> => {
  const contacts: string[] = [];
  for (let n = 0; n < sessions; n++) contacts.push((await whatsapp.client.createPhone({ name: `Contact ${n}` })).number);
  return contacts;
};
