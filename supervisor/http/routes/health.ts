import { AppError } from '../../../shared/errors.js';
import type { BackendView } from '../../backend/backend-link.js';
import type { Worker } from '../../worker.js';
import type { Endpoint } from '../endpoint.js';
import { sendData } from '../envelope.js';
import { iso } from '../session-json.js';
import { storageJson } from './storage.js';

/** The only endpoints that need no token. */
export const healthEndpoints = (worker: Worker): Endpoint[] => [
  {
    method: 'get',
    path: '/health',
    handle: (_request, response) => {
      const { status, sessionCount, cpuUsage, memoryUsage, uptime, maxSessions, storage, backend } = worker.health();
      sendData(response, {
        ...{ status, sessionCount, cpuUsage, memoryUsage, uptime, maxSessions },
        storage: storageJson(storage),
        backend: backendJson(backend),
      });
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
      const { ready, details, ramp, breaker, backend } = worker.readiness();
      if (!ready) throw new AppError('DRAINING', 'The worker takes no new work.', { details, retryAfterSeconds: 5 });
      sendData(response, {
        ...details,
        ramp: ramp ?? null,
        breaker: breaker ? { ...breaker, since: iso(breaker.since) } : null,
        storage: storageJson(worker.storage.status()),
        backend: backendJson(backend),
        ready,
      });
    },
  },
];

/** Open to everyone who reaches the port, so without addresses; null when the worker stands alone. */
const backendJson = (view: BackendView | undefined): Record<string, unknown> | null =>
  view
    ? {
        state: view.state,
        dialect: view.dialect,
        workerId: view.workerId,
        lastHeartbeat: view.lastHeartbeat === undefined ? null : iso(view.lastHeartbeat),
        sentence: view.sentence ?? null,
        reports: { ...view.reports, paused: view.reports.paused ?? null },
      }
    : null;
