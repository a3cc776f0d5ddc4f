import { z } from 'zod';
import type { WorkerProcess } from '../support/worker-process.js';

const time = z.iso.datetime().transform((text) => Date.parse(text));

const Runner = z.object({
  slot: z.number(),
  state: z.string(),
  incarnation: z.number(),
  pid: z.number().optional(),
  sessions: z.number(),
  startedAt: time.optional(),
  beat: z.object({ unhandledRejections: z.number() }).optional(),
  lastExit: z.object({ verdict: z.string(), at: time }).optional(),
});
const Session = z.object({
  sessionId: z.string(),
  status: z.string(),
  since: time,
  slot: z.number().optional(),
  /** While it is suspected of crashing its runner. */
  suspect: z.object({ isolated: z.boolean() }).optional(),
});

export type RunnerLook = z.infer<typeof Runner>;
export type SessionLook = z.infer<typeof Session>;

/** What the API says of the runners. Times are Unix milliseconds. */
export const lookAtRunners = async (worker: WorkerProcess): Promise<RunnerLook[]> =>
  z.object({ runners: z.array(Runner) }).parse(await worker.call('GET', '/runners')).runners;

export const lookAtSessions = async (worker: WorkerProcess): Promise<SessionLook[]> =>
  z.object({ sessions: z.array(Session) }).parse(await worker.call('GET', '/sessions')).sessions;
