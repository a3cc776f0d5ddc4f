import type { RunnerView, Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { iso } from '../session-json.js';

export const fleetEndpoints = (worker: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/runners',
    handle: (_request, response) => {
      sendData(response, { runners: worker.runners().map(runnerJson) });
    },
  },
];

const runnerJson = ({ startedAt, lastExit, ...view }: RunnerView) => ({
  ...view,
  startedAt: startedAt === undefined ? undefined : iso(startedAt),
  lastExit: lastExit && { ...lastExit, at: iso(lastExit.at) },
});
