import { z } from 'zod';
import type { RunnerFacts } from '../contract/runners-answer.js';
import type { WorkerProcess } from '../support/worker-process.js';

const time = z.iso.datetime().transform((text) => Date.parse(text));

const Session = z.object({
  sessionId: z.string(),
  status: z.string(),
  since: time,
  slot: z.number().optional(),
  /** While it is suspected of crashing its runner. */
  suspect: z.object({ isolated: z.boolean() }).optional(),
});

/** Times are Unix milliseconds. */
export type RunnerLook = Omit<RunnerFacts, 'startedAt' | 'lastExit'> & {
  startedAt: number | undefined;
  lastExit: { verdict: string; at: number } | undefined;
};
export type SessionLook = z.infer<typeof Session>;

/** What the API says of the runners. */
export const lookAtRunners = async (worker: WorkerProcess): Promise<RunnerLook[]> =>
  (await worker.runners()).map((facts) => ({
    ...facts,
    startedAt: facts.startedAt === null ? undefined : Date.parse(facts.startedAt),
    lastExit: facts.lastExit ? { verdict: facts.lastExit.verdict, at: Date.parse(facts.lastExit.at) } : undefined,
  }));

export const lookAtSessions = async (worker: WorkerProcess): Promise<SessionLook[]> =>
  z.object({ sessions: z.array(Session) }).parse(await worker.call('GET', '/sessions')).sessions;
