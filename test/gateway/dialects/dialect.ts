// The one place where the two kinds of gateway differ.
import type { z } from 'zod';
import type { Answer } from '../endpoint.js';
import type { Breakdown, SessionRecord, SessionStatus, WorkerRecord, WorkerStatus } from '../gateway-state.js';
import type { WorkerCall } from '../worker-client.js';

export interface Registration {
  readonly workerId: string;
  readonly endpoint: string;
  readonly maxSessions: number;
  readonly description?: string | undefined;
  readonly version: string;
  readonly environment: string;
}

export interface Pulse {
  readonly status: WorkerStatus;
  readonly breakdown: Breakdown;
  readonly cpuUsage: number;
  readonly memoryUsage: number;
  readonly uptime: number;
  readonly messageCount: number;
  /** Each session by itself, where the dialect tells it. */
  readonly sessions: readonly { readonly sessionId: string; readonly status: SessionStatus; readonly phoneNumber?: string | undefined }[];
  /** Sent back as they came. */
  readonly capabilities?: Record<string, unknown> | undefined;
}

export interface StatusReport {
  readonly sessionId: string;
  readonly status: SessionStatus;
  readonly qrCode?: string | undefined;
  readonly phoneNumber?: string | undefined;
  readonly displayName?: string | undefined;
  readonly workerId?: string | undefined;
}

/** What a heartbeat changed. */
export interface HeartbeatEffects {
  readonly sessionsSynced: number;
  readonly staleWorkersDetected: number;
}

/** How the gateway asks a worker. */
interface WorkerRoutes {
  /** Undefined where connecting creates the session. */
  readonly create: ((session: SessionRecord) => WorkerCall) | undefined;
  connect(session: SessionRecord): WorkerCall;
  status(sessionId: string): WorkerCall;
  qr(sessionId: string): WorkerCall;
  messages(sessionId: string, query: string): WorkerCall;
  send(sessionId: string, body: Record<string, unknown>, idempotencyKey: string | undefined): WorkerCall;
  remove(sessionId: string): WorkerCall;
  /** The facts in a worker's answer. */
  fieldsOf(body: Record<string, unknown>): Record<string, unknown>;
}

export interface Retry {
  /** All tries of a call that meets a 5xx, a timeout or nobody. */
  readonly attempts: number;
  /** Before the second try; before the third twice as long. */
  readonly pauseMs: number;
}

export interface Dialect {
  readonly name: 'guide' | 'whatsam';
  readonly api: string;
  readonly webhooks: string;
  /** A registration asks for the endpoint's health first and keeps id and endpoint together for good. */
  readonly provesRegistration: boolean;
  /** All kinds together; undefined for no limit. */
  readonly webhooksPerMinute: number | undefined;
  /** A report that names a worker moves the session there even from another worker. */
  readonly reportsMoveSessions: boolean;
  readonly retry: Retry;
  readonly worker: WorkerRoutes;
  readonly Registration: z.ZodType<Registration>;
  readonly StatusReport: z.ZodType<StatusReport>;
  /** The name under which a worker is kept. @throws INVALID_REQUEST */
  workerName(given: string): string;
  /** A session's status as this dialect writes it. */
  spell(status: SessionStatus): string;
  /** @throws INVALID_REQUEST */
  pulse(body: unknown, worker: WorkerRecord): Pulse;
  registered(worker: WorkerRecord, isNew: boolean, assignedSessions: number): Answer;
  heartbeatTaken(worker: WorkerRecord, pulse: Pulse, effects: HeartbeatEffects): Answer;
}
