// What the gateway knows, as its state file keeps it. Times are Unix milliseconds.
import { z } from 'zod';

const count = z.number().int().min(0);
const time = z.number();

const Breakdown = z.object({
  total: count,
  connected: count,
  disconnected: count,
  qr_required: count,
  reconnecting: count,
  error: count,
  maxSessions: count,
});
/** A worker's sessions by status; the names are the guide's. */
export type Breakdown = z.output<typeof Breakdown>;

const WorkerStatus = z.enum(['ONLINE', 'OFFLINE', 'MAINTENANCE']);
export type WorkerStatus = z.output<typeof WorkerStatus>;

const WorkerRecord = z.object({
  workerId: z.string(),
  endpoint: z.string(),
  maxSessions: count,
  description: z.string().optional(),
  version: z.string(),
  environment: z.string(),
  status: WorkerStatus,
  registeredAt: time,
  updatedAt: time,
  /** Missing until the first heartbeat; a worker that was added by hand may never send one. */
  lastHeartbeat: time.optional(),
  /** Last sign of life: registration, heartbeat, or health check of a worker that sends no heartbeats. */
  heardAt: time,
  breakdown: Breakdown,
  cpuUsage: z.number(),
  memoryUsage: z.number(),
  uptime: z.number(),
  messageCount: z.number(),
});
export type WorkerRecord = z.output<typeof WorkerRecord>;

export const SESSION_STATUSES = ['init', 'qr_required', 'connected', 'disconnected', 'reconnecting', 'error'] as const;
/** `init` exists in the whatsam dialect only. */
export type SessionStatus = (typeof SESSION_STATUSES)[number];

const SessionRecord = z.object({
  sessionId: z.string(),
  userId: z.string(),
  name: z.string(),
  status: z.enum(SESSION_STATUSES),
  /** The worker it is assigned to; null while it is assigned to none. */
  workerId: z.string().nullable(),
  phoneNumber: z.string().optional(),
  displayName: z.string().optional(),
  /** The newest code a worker told of; only while the session waits to be scanned. */
  qr: z.object({ code: z.string(), at: time }).optional(),
  createdAt: time,
  updatedAt: time,
  /** When a report last changed it. */
  reportedAt: time.optional(),
  /** Ids of messages sent through the gateway, newest last, bounded. */
  sentMessages: z.array(z.string()),
});
export type SessionRecord = z.output<typeof SessionRecord>;

const ReportRecord = z.object({
  /** Place in the order of arrival, over all sessions, since the state began. */
  arrival: count,
  arrivedAt: time,
  kind: z.enum(['session-status', 'message-status']),
  /** HTTP status it was answered with. */
  answer: z.number(),
  /** As it was received, keys unknown to the gateway included. */
  body: z.record(z.string(), z.unknown()),
});
export type ReportRecord = z.output<typeof ReportRecord>;

export const SavedState = z.object({
  version: z.literal(1),
  /** Key of the access tokens, base64url. */
  secret: z.string().min(43),
  arrivals: count,
  workers: z.array(WorkerRecord),
  sessions: z.array(SessionRecord),
  reports: z.record(z.string(), z.array(ReportRecord)),
});
export type SavedState = z.output<typeof SavedState>;

/** What tests may look at. */
export interface GatewayState {
  readonly workers: ReadonlyMap<string, Readonly<WorkerRecord>>;
  readonly sessions: ReadonlyMap<string, Readonly<SessionRecord>>;
  /** Reports received for a session, oldest first. */
  reports(sessionId: string): readonly ReportRecord[];
}
