// What the end of a runner means, from what the supervisor saw of it.
import { EXIT } from '../../shared/exit-codes.js';
import type { RunnerView } from '../worker.js';

export type RunnerExit = NonNullable<RunnerView['lastExit']>;
export type Verdict = RunnerExit['verdict'];

export interface ExitFacts {
  code: number | null;
  signal: string | null;
  /** Why the supervisor itself sent a signal: `stop` ends a runner that was asked to go, `fault` one that broke the rules. */
  weSent: 'stop' | 'fault' | undefined;
  /** Rise of the kernel's count of processes killed for memory in this cgroup. */
  oomKills: number;
  stderr: readonly string[];
}

const HEAP_EXHAUSTED = /JavaScript heap out of memory|OOMErrorHandler/;
/** What an operator, an outer manager or the machine's shutdown sends; any other deadly signal is a fault of the runner. */
const SENT_BY_SOMEBODY = new Set(['SIGKILL', 'SIGTERM', 'SIGINT', 'SIGHUP', 'SIGQUIT']);

export const exitVerdict = ({ code, signal, weSent, oomKills, stderr }: ExitFacts): Verdict => {
  if (code === EXIT.config) return 'config';
  if (code !== EXIT.clean && stderr.some((line) => HEAP_EXHAUSTED.test(line))) return 'oom';
  if (weSent === 'stop' && (code === EXIT.clean || signal === 'SIGTERM' || signal === 'SIGKILL')) return 'clean';
  if (weSent === 'fault') return 'crash';
  if (signal === 'SIGKILL' && oomKills > 0) return 'oom';
  if (signal !== null && SENT_BY_SOMEBODY.has(signal)) return 'killed';
  return code === EXIT.clean ? 'clean' : 'crash';
};
