import type { Figures } from '../../../shared/process-figures.js';
import type { ProcessesView, Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { NoBody, parse, SlotPath } from '../schemas.js';
import { iso } from '../session-json.js';

export const fleetEndpoints = (worker: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/runners',
    handle: async (_request, response) => {
      const { runners, supervisor } = await worker.processes();
      sendData(response, {
        runners: runners.map(runnerJson),
        supervisor: { pid: supervisor.pid, ...figuresJson(supervisor, supervisor.pssBytes) },
      });
    },
  },
  {
    method: 'post',
    path: '/runners/:slot/recycle',
    handle: async (request, response) => {
      const { slot } = parse(SlotPath, request.params);
      parse(NoBody, request.body ?? {});
      sendData(response, { ...(await worker.recycle(slot)) });
    },
  },
];

/** Every field is always there; null: there is none now. */
const runnerJson = ({ beat, pssBytes, startedAt, lastExit, ...view }: ProcessesView['runners'][number]) => ({
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
  pssBytes: pssBytes ?? null,
  heapUsedBytes: figures?.heapUsedBytes ?? null,
  heapLimitBytes: figures?.heapLimitBytes ?? null,
  eventLoopDelayP99Ms: figures?.eventLoopDelayP99Ms ?? null,
});
