import { z } from 'zod';
import { Amount, Time, wholeNumber } from './fields.js';

export const SlotPath = z.object({ slot: wholeNumber('slot', 0, 999_999, 'the slot must be a whole number') });

const Known = Amount.nullable();
const figures = {
  cpuPercent: Known,
  rssBytes: Known,
  anonymousBytes: Known,
  pssBytes: Known,
  heapUsedBytes: Known,
  heapLimitBytes: Known,
  eventLoopDelayP99Ms: Known,
};

/** Every field is always there; null: there is none now. */
export const Runner = z
  .object({
    slot: z.int(),
    state: z.enum(['starting', 'ready', 'unresponsive', 'draining', 'backoff', 'quarantined', 'idle']),
    incarnation: z.int(),
    pid: z.int().nullable(),
    startedAt: Time.nullable(),
    sessions: z.int(),
    ...figures,
    spoolRecords: Known,
    spoolBytes: Known,
    unhandledRejections: Known,
    restarts: z.int(),
    quarantined: z.boolean(),
    nextStartInMs: Known,
    lastExit: z
      .object({
        verdict: z.enum(['clean', 'crash', 'oom', 'config', 'killed']),
        code: z.int().nullable(),
        signal: z.string().nullable(),
        at: Time,
        stderr: z.array(z.string()),
      })
      .nullable(),
  })
  .meta({ id: 'Runner' });

export const Processes = z.object({ runners: z.array(Runner), supervisor: z.object({ pid: z.int(), ...figures }) });
export const Recycle = z.object({ slot: z.int(), sessions: z.int(), target: z.int() });

const FIGURES = {
  ...{
    cpuPercent: 1.5,
    rssBytes: 150_000_000,
    anonymousBytes: 91_000_000,
    pssBytes: 98_000_000,
    heapUsedBytes: 44_000_000,
    heapLimitBytes: 402_653_184,
  },
  eventLoopDelayP99Ms: 1.2,
};
export const EXAMPLE_PROCESSES = {
  runners: [
    {
      ...{ slot: 0, state: 'ready', incarnation: 2, pid: 6185, startedAt: '2026-11-22T16:42:01.114Z', sessions: 25, ...FIGURES },
      ...{ spoolRecords: 0, spoolBytes: 0, unhandledRejections: 0, restarts: 1, quarantined: false, nextStartInMs: null },
      lastExit: { verdict: 'killed', code: null, signal: 'SIGKILL', at: '2026-11-22T16:42:00.871Z', stderr: [] },
    },
  ],
  supervisor: { pid: 6147, ...FIGURES },
} as const satisfies z.input<typeof Processes>;
