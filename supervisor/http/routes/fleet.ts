import type { RunnerView, Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { NoBody, parse, SlotPath } from '../schemas.js';
import { iso } from '../session-json.js';

export const fleetEndpoints = (worker: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/runners',
    handle: (_request, response) => {
      sendData(response, { runners: worker.runners().map(runnerJson) });
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

const runnerJson = ({ startedAt, lastExit, ...view }: RunnerView) => ({
  ...view,
  startedAt: startedAt === undefined ? undefined : iso(startedAt),
  lastExit: lastExit && { ...lastExit, at: iso(lastExit.at) },
});
