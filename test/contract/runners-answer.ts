// The shape of what `GET /runners` answers: every field, and no other.
import { z } from 'zod';

const count = z.number().int().nonnegative();
const time = z.iso.datetime();
const figures = {
  cpuPercent: z.number().nonnegative(),
  rssBytes: count,
  anonymousBytes: count,
  heapUsedBytes: count,
  heapLimitBytes: count,
  eventLoopDelayP99Ms: z.number().nonnegative(),
};
/** Null before the first beat, and while there is no process. */
const beat = {
  cpuPercent: figures.cpuPercent.nullable(),
  rssBytes: count.nullable(),
  anonymousBytes: count.nullable(),
  heapUsedBytes: count.nullable(),
  heapLimitBytes: count.nullable(),
  eventLoopDelayP99Ms: figures.eventLoopDelayP99Ms.nullable(),
  spoolRecords: count.nullable(),
  spoolBytes: count.nullable(),
  unhandledRejections: count.nullable(),
};

const Runner = z.strictObject({
  slot: count,
  state: z.enum(['starting', 'ready', 'unresponsive', 'draining', 'backoff', 'quarantined', 'idle']),
  incarnation: count,
  pid: count.nullable(),
  startedAt: time.nullable(),
  sessions: count,
  ...beat,
  pssBytes: count.nullable(),
  restarts: count,
  quarantined: z.boolean(),
  nextStartInMs: count.nullable(),
  lastExit: z
    .strictObject({
      verdict: z.enum(['clean', 'crash', 'oom', 'config', 'killed']),
      code: z.number().int().nullable(),
      signal: z.string().nullable(),
      at: time,
      stderr: z.array(z.string().max(500)).max(20),
    })
    .nullable(),
});

export const RunnersAnswer = z.strictObject({
  runners: z.array(Runner),
  supervisor: z.strictObject({ pid: count, ...figures, pssBytes: count.nullable() }),
});

export type RunnerFacts = z.infer<typeof Runner>;
