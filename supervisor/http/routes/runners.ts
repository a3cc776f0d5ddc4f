import type { z } from 'zod';
import type { Figures } from '../../../shared/process-figures.js';
import type { ProcessesView, Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { NoBody } from '../schemas/fields.js';
import { EXAMPLE_PROCESSES, Processes, Recycle, SlotPath, type Runner } from '../schemas/runner.js';
import { iso } from '../session-json.js';

export const runnerEndpoints = (worker: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/runners', tag: 'runners' },
    summary: 'The runner processes, and the process that answers.',
    data: Processes,
    errors: [],
    examples: { one: { data: EXAMPLE_PROCESSES } },
    handle: async () => {
      const { runners, supervisor } = await worker.processes();
      return { runners: runners.map(runnerJson), supervisor: { pid: supervisor.pid, ...figuresJson(supervisor, supervisor.pssBytes) } };
    },
  }),
  endpoint({
    ...{ method: 'post', path: '/runners/:slot/recycle', tag: 'runners' },
    summary: 'Begins to move every session of a runner into an empty slot, and ends the runner then.',
    params: SlotPath,
    body: NoBody,
    data: Recycle,
    errors: ['BUSY', 'NOT_FOUND', 'AT_CAPACITY', 'DRAINING', 'STORAGE_UNAVAILABLE'],
    examples: { 'slot 0': { params: { slot: 0 }, data: { slot: 0, sessions: 25, target: 2 } } },
    handle: async ({ params: { slot } }) => worker.recycle(slot),
  }),
];

const runnerJson = ({ beat, pssBytes, startedAt, lastExit, ...view }: ProcessesView['runners'][number]): z.input<typeof Runner> => ({
  slot: view.slot,
  state: view.state,
  incarnation: view.incarnation,
  pid: view.pid ?? null,
  startedAt: startedAt === undefined ? null : iso(startedAt),
  sessions: view.sessions,
  ...figuresJson(beat, pssBytes),
  spoolRecords: beat?.spoolRecords ?? null,
  spoolBytes: beat?.spoolBytes ?? null,
  unhandledRejections: beat?.unhandledRejections ?? null,
  restarts: view.restarts,
  quarantined: view.quarantined,
  nextStartInMs: view.nextStartInMs ?? null,
  lastExit: lastExit ? { ...lastExit, at: iso(lastExit.at) } : null,
});

const figuresJson = (figures: Figures | undefined, pssBytes: number | undefined) => ({
  cpuPercent: figures?.cpuPercent ?? null,
  rssBytes: figures?.rssBytes ?? null,
  anonymousBytes: figures?.anonymousBytes ?? null,
  pssBytes: pssBytes ?? null,
  heapUsedBytes: figures?.heapUsedBytes ?? null,
  heapLimitBytes: figures?.heapLimitBytes ?? null,
  eventLoopDelayP99Ms: figures?.eventLoopDelayP99Ms ?? null,
});
