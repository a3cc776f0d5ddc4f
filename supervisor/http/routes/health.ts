import type { z } from 'zod';
import { AppError } from '../../../shared/errors.js';
import type { BackendView } from '../../backend/backend-link.js';
import type { Worker } from '../../worker.js';
import { endpoint, type Endpoint } from '../endpoint.js';
import { Health, Live, Ready, type Backend } from '../schemas/health.js';
import { EXAMPLE_STORAGE } from '../schemas/storage.js';
import { iso } from '../session-json.js';
import { storageJson } from './storage.js';

/** The only endpoints that need no token. */
export const healthEndpoints = (worker: Worker): Endpoint[] => [
  endpoint({
    ...{ method: 'get', path: '/health', tag: 'health', open: true },
    summary: 'Load and condition of the worker.',
    data: Health,
    errors: [],
    examples: {
      alone: {
        data: {
          ...{ status: 'online', sessionCount: 1, cpuUsage: 9, memoryUsage: 2.8, uptime: 32, maxSessions: 50 },
          ...{ storage: EXAMPLE_STORAGE, backend: null },
        },
      },
    },
    handle: () => {
      const { status, sessionCount, cpuUsage, memoryUsage, uptime, maxSessions, storage, backend } = worker.health();
      return {
        ...{ status, sessionCount, cpuUsage, memoryUsage, uptime, maxSessions },
        storage: storageJson(storage),
        backend: backendJson(backend),
      };
    },
  }),
  endpoint({
    ...{ method: 'get', path: '/live', tag: 'health', open: true },
    summary: 'The process answers.',
    data: Live,
    errors: [],
    examples: { alive: { data: { status: 'alive' } } },
    handle: () => ({ status: 'alive' as const }),
  }),
  endpoint({
    ...{ method: 'get', path: '/ready', tag: 'health', open: true },
    summary: 'Whether the worker takes requests, and what it is still busy with.',
    data: Ready,
    errors: ['DRAINING'],
    examples: {
      ready: {
        data: {
          ...{ draining: false, restoring: false, sessions: 40, sessionsAway: 14, connectsWaiting: 12, sendsWaiting: 0 },
          ramp: { sessions: 30, waiting: 12, connecting: 2, secondsLeft: 3 },
          ...{ breaker: null, storage: EXAMPLE_STORAGE, backend: null, ready: true },
        },
      },
    },
    handle: () => {
      const { ready, details, ramp, breaker, backend } = worker.readiness();
      if (!ready) throw new AppError('DRAINING', 'The worker takes no new work.', { details, retryAfterSeconds: 5 });
      return {
        ...details,
        ramp: ramp ?? null,
        breaker: breaker ? { ...breaker, since: iso(breaker.since) } : null,
        storage: storageJson(worker.storage.status()),
        backend: backendJson(backend),
        ready,
      };
    },
  }),
];

/** Open to everyone who reaches the port, so without addresses; null when the worker stands alone. */
const backendJson = (view: BackendView | undefined): z.input<typeof Backend> | null =>
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
