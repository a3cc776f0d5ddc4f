// What the public gateway grown from the guide really does, as measured: see the facts in its schemas.
import { z } from 'zod';
import { ok, parse } from '../endpoint.js';
import { GatewayError } from '../gateway-error.js';
import type { Breakdown, SessionStatus } from '../gateway-state.js';
import { Count, Endpoint, ENVIRONMENTS, Percent, PhoneNumber, SessionName, Timestamp } from './body-parts.js';
import type { Dialect } from './dialect.js';

const CALL_MS = 30_000;

const STATUSES = ['INIT', 'QR_REQUIRED', 'CONNECTED', 'DISCONNECTED', 'RECONNECTING', 'ERROR'] as const;
const Status = z.enum(STATUSES).transform((status) => status.toLowerCase() as SessionStatus);
const Version = z.string().regex(/^\d+\.\d+\.\d+$/, 'must be in the form x.y.z');
const Environment = z.enum(ENVIRONMENTS);
const MaxSessions = z.int().min(1).max(1_000);
const WorkerId = z.string().regex(/^[A-Za-z0-9_-]{3,50}$/, 'must be 3 to 50 characters of A-Z a-z 0-9 _ -');
/** Kept under a name of small letters, digits and single hyphens. */
const normalised = (workerId: string): string => workerId.toLowerCase().replace(/[_-]+/g, '-').replace(/^-|-$/g, '');

const Registration = z.object({
  workerId: WorkerId.transform(normalised),
  endpoint: Endpoint,
  maxSessions: MaxSessions.default(50),
  description: z.string().min(1).max(255).optional(),
  version: Version.default('1.0.0'),
  environment: Environment.default('DEVELOPMENT'),
});

const Heartbeat = z.object({
  sessions: z.array(
    z.object({
      sessionId: z.string().min(1).max(100),
      status: Status,
      phoneNumber: PhoneNumber.optional(),
      lastActivity: Timestamp.optional(),
    }),
  ),
  capabilities: z
    .object({
      maxSessions: MaxSessions.optional(),
      version: Version.optional(),
      environment: Environment.optional(),
      supportedFeatures: z.array(z.string()).optional(),
    })
    .optional(),
  metrics: z
    .object({
      cpuUsage: Percent.optional(),
      memoryUsage: Percent.optional(),
      uptime: Count.optional(),
      messageCount: Count.optional(),
      totalSessions: Count.optional(),
      activeSessions: Count.optional(),
    })
    .default({}),
  lastActivity: Timestamp.optional(),
});

const absentIfNull = <S extends z.ZodType>(schema: S) => schema.nullish().transform((value) => value ?? undefined);

const StatusReport = z.object({
  sessionId: SessionName,
  status: Status,
  qrCode: absentIfNull(z.string().min(1).max(2_000)),
  phoneNumber: absentIfNull(PhoneNumber),
  displayName: absentIfNull(z.string().trim().min(1).max(100)),
  workerId: absentIfNull(z.string().regex(/^[A-Za-z0-9_-]{1,50}$/, 'must be 1 to 50 characters of A-Z a-z 0-9 _ -')),
  timestamp: absentIfNull(Timestamp),
});

/** The body of `POST …/message-status`. */
export const MessageReport = z.object({
  sessionId: SessionName,
  messageId: z.string().regex(/^[A-Za-z0-9_-]{1,100}$/, 'must be 1 to 100 characters of A-Z a-z 0-9 _ -'),
  status: z.enum(['PENDING', 'SENT', 'DELIVERED', 'READ', 'FAILED']),
  timestamp: Timestamp.optional(),
  deliveredAt: Timestamp.optional(),
  readAt: Timestamp.optional(),
  errorMessage: z.string().max(500).optional(),
});

/** The body of `POST …/sessions/recovery-status`. */
export const RecoveryReport = z.object({
  recoveryResults: z.array(
    z.object({
      sessionId: z.string().min(1),
      status: z.enum(['SUCCESS', 'FAILED', 'SKIPPED']),
      error: z.string().min(1).optional(),
      recoveredAt: Timestamp.optional(),
    }),
  ),
  totalSessions: Count,
  successfulRecoveries: Count,
  failedRecoveries: Count,
});

/** The body of `DELETE …/workers/unregister`, which is that of a registration. */
export const Unregistration = Registration;

const path = (sessionId: string, rest = ''): string => `/api/sessions/${encodeURIComponent(sessionId)}${rest}`;

export const WHATSAM: Dialect = {
  name: 'whatsam',
  api: '/api',
  webhooks: '/api/webhooks',
  provesRegistration: true,
  webhooksPerMinute: 60,
  reportsMoveSessions: true,
  retry: { attempts: 3, pauseMs: 1_000 },
  worker: {
    create: undefined,
    connect: ({ sessionId, userId, name }) => ({
      method: 'POST',
      path: '/api/sessions/start',
      body: { sessionId, userId, sessionName: name },
      timeoutMs: CALL_MS,
    }),
    status: (sessionId) => ({ method: 'GET', path: path(sessionId, '/status'), timeoutMs: CALL_MS }),
    // There is no route of its own: the code comes with the status.
    qr: (sessionId) => ({ method: 'GET', path: path(sessionId, '/status'), timeoutMs: CALL_MS }),
    // This dialect reads no history; the guide's route is the only one there is.
    messages: (sessionId, query) => ({
      method: 'GET',
      path: `/session/${encodeURIComponent(sessionId)}/messages${query}`,
      timeoutMs: CALL_MS,
    }),
    send: (sessionId, body, idempotencyKey) => ({
      method: 'POST',
      path: `/api/${encodeURIComponent(sessionId)}/send`,
      body,
      headers: { ...(idempotencyKey !== undefined && { 'idempotency-key': idempotencyKey }) },
      timeoutMs: CALL_MS,
    }),
    remove: (sessionId) => ({ method: 'DELETE', path: path(sessionId), timeoutMs: CALL_MS }),
    fieldsOf: (body) => Object.fromEntries(Object.entries(body).filter(([key]) => key !== 'success' && key !== 'data')),
  },
  Registration,
  StatusReport,
  workerName: (given) => {
    if (given.length < 3 || given.length > 50) throw new GatewayError('INVALID_REQUEST', 'A worker id has 3 to 50 characters.');
    return normalised(given);
  },
  spell: (status) => status.toUpperCase(),
  pulse: (body, worker) => {
    const { sessions, capabilities, metrics } = parse(Heartbeat, body);
    return {
      // The dialect drops a status of the worker: who sends a heartbeat is online.
      status: 'ONLINE',
      breakdown: breakdownOf(sessions, capabilities?.maxSessions ?? worker.maxSessions),
      cpuUsage: metrics.cpuUsage ?? worker.cpuUsage,
      memoryUsage: metrics.memoryUsage ?? worker.memoryUsage,
      uptime: metrics.uptime ?? worker.uptime,
      messageCount: metrics.messageCount ?? worker.messageCount,
      sessions,
      capabilities,
    };
  },
  registered: ({ workerId, endpoint, status, maxSessions, version, environment, registeredAt }, _isNew, assignedSessionCount) =>
    ok(
      {
        ...{ workerId, endpoint, status, maxSessions, version, environment },
        registeredAt: new Date(registeredAt).toISOString(),
        recoveryRequired: assignedSessionCount > 0,
        assignedSessionCount,
      },
      'Worker registered successfully',
      201,
    ),
  heartbeatTaken: (worker, { sessions, capabilities }, effects) =>
    ok(
      {
        workerId: worker.workerId,
        status: worker.status,
        lastHeartbeat: new Date(worker.heardAt).toISOString(),
        sessionCount: sessions.length,
        sessionsProcessed: sessions.length,
        ...effects,
        metrics: {
          cpuUsage: worker.cpuUsage,
          memoryUsage: worker.memoryUsage,
          uptime: worker.uptime,
          messageCount: worker.messageCount,
        },
        capabilities: capabilities ?? null,
      },
      'Enhanced heartbeat processed successfully',
    ),
};

const breakdownOf = (sessions: readonly { status: SessionStatus }[], maxSessions: number): Breakdown => {
  const breakdown = { total: sessions.length, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0, maxSessions };
  // One that is about to connect has nothing to show yet, as in the guide.
  for (const { status } of sessions) breakdown[status === 'init' ? 'disconnected' : status]++;
  return breakdown;
};
