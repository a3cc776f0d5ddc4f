// The worker integration guide, as it is written.
import { z } from 'zod';
import { ok, parse } from '../endpoint.js';
import type { SessionStatus } from '../gateway-state.js';
import { Count, Endpoint, ENVIRONMENTS, Percent, PhoneNumber, SessionName, Timestamp, WorkerName } from './body-parts.js';
import type { Dialect } from './dialect.js';

const CALL_MS = 10_000;
/** A worker may take 20 seconds to show something. */
const CONNECT_MS = 30_000;
/** A worker may take 30 seconds to have a message confirmed. */
const SEND_MS = 45_000;

const STATUSES = ['disconnected', 'qr_required', 'connected', 'reconnecting', 'error'] as const satisfies SessionStatus[];

const Registration = z.object({
  workerId: WorkerName,
  endpoint: Endpoint,
  maxSessions: z.int().min(1),
  description: z.string().max(1_000).optional(),
  version: z.string().min(1).max(100).default('1.0.0'),
  environment: z.enum(ENVIRONMENTS).default('DEVELOPMENT'),
});

const Heartbeat = z.object({
  status: z.enum(['online', 'offline', 'maintenance']),
  metrics: z.object({
    sessions: z.object({
      total: Count,
      connected: Count,
      disconnected: Count,
      qr_required: Count,
      reconnecting: Count,
      error: Count,
      maxSessions: z.int().min(1),
    }),
    cpuUsage: Percent,
    memoryUsage: Percent,
    uptime: z.number().min(0),
    messageCount: Count,
  }),
});

const WORKER_STATUS = { online: 'ONLINE', offline: 'OFFLINE', maintenance: 'MAINTENANCE' } as const;

const StatusReport = z.object({
  sessionId: SessionName,
  status: z.enum(STATUSES),
  qrCode: z.string().startsWith('data:image/png;base64,', 'must be a PNG image as data URL').optional(),
  phoneNumber: PhoneNumber.optional(),
  displayName: z.string().max(255).optional(),
  workerId: WorkerName.optional(),
  timestamp: Timestamp.optional(),
});

const path = (sessionId: string, rest = ''): string => `/session/${encodeURIComponent(sessionId)}${rest}`;

export const GUIDE: Dialect = {
  name: 'guide',
  api: '/api/v1',
  webhooks: '/api/webhooks',
  provesRegistration: false,
  webhooksPerMinute: undefined,
  reportsMoveSessions: false,
  retry: { attempts: 1, pauseMs: 0 },
  worker: {
    create: ({ sessionId, userId, name }) => ({
      method: 'POST',
      path: '/session/create',
      body: { sessionId, userId, sessionName: name },
      timeoutMs: CALL_MS,
    }),
    connect: ({ sessionId }) => ({ method: 'POST', path: path(sessionId, '/connect'), timeoutMs: CONNECT_MS }),
    status: (sessionId) => ({ method: 'GET', path: path(sessionId, '/status'), timeoutMs: CALL_MS }),
    // Not in the guide; a worker without it answers 404, which only means that there is no code to be had.
    qr: (sessionId) => ({ method: 'GET', path: path(sessionId, '/qr?format=json'), timeoutMs: CALL_MS }),
    messages: (sessionId, query) => ({ method: 'GET', path: path(sessionId, `/messages${query}`), timeoutMs: CALL_MS }),
    send: (sessionId, body, idempotencyKey) => ({
      method: 'POST',
      path: path(sessionId, '/send'),
      body,
      headers: { ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) },
      timeoutMs: SEND_MS,
    }),
    remove: (sessionId) => ({ method: 'DELETE', path: path(sessionId), timeoutMs: CALL_MS }),
    fieldsOf: ({ data }) => (typeof data === 'object' && data !== null ? { ...data } : {}),
  },
  Registration,
  StatusReport,
  workerName: (given) => parse(WorkerName, given),
  spell: (status) => status,
  pulse: (body) => {
    const { status, metrics } = parse(Heartbeat, body);
    const { sessions: breakdown, ...figures } = metrics;
    return { status: WORKER_STATUS[status], breakdown, ...figures, sessions: [] };
  },
  registered: ({ workerId, endpoint, status, maxSessions, version, environment, registeredAt }, isNew) =>
    ok(
      { workerId, endpoint, status, maxSessions, version, environment, registeredAt: new Date(registeredAt).toISOString() },
      'Worker registered successfully',
      isNew ? 201 : 200,
    ),
  heartbeatTaken: ({ workerId, status, heardAt }, { breakdown }) =>
    ok(
      {
        workerId,
        status,
        sessionCount: breakdown.total,
        sessionBreakdown: breakdown,
        lastHeartbeat: new Date(heardAt).toISOString(),
      },
      'Heartbeat updated successfully',
    ),
};
