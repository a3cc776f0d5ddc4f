import { AppError } from '../../../shared/errors.js';
import type { Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { storageJson } from './storage.js';

/** The only endpoints that need no token. */
export const healthEndpoints = (worker: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/health',
    handle: (_request, response) => {
      const { status, sessionCount, cpuUsage, memoryUsage, uptime, maxSessions, storage } = worker.health();
      sendData(response, { status, sessionCount, cpuUsage, memoryUsage, uptime, maxSessions, storage: storageJson(storage) });
    },
  },
  {
    method: 'get',
    path: '/live',
    handle: (_request, response) => {
      sendData(response, { status: 'alive' });
    },
  },
  {
    method: 'get',
    path: '/ready',
    handle: (_request, response) => {
      const { ready, details } = worker.readiness();
      if (!ready) throw new AppError('DRAINING', 'The worker takes no new work.', { details, retryAfterSeconds: 5 });
      sendData(response, { ...details, storage: storageJson(worker.storage.status()), ready });
    },
  },
];
