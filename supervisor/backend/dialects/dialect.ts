// The one place where backends differ. The rest of the code speaks in these terms and never knows which backend it serves.
import type { MessageStatus } from '../../../shared/domain/message.js';
import type { OutwardStatus } from '../../../shared/domain/session.js';
import type { BackendRequest } from '../backend-request.js';
import type { Report, ReportedQr } from '../report.js';

export interface Prefixes {
  /** Of the API, such as `/api/v1`. */
  api: string;
  /** Of the webhooks, such as `/api/webhooks`. */
  webhooks: string;
}

export interface Introduction {
  workerId: string;
  /** Address under which the backend reaches this worker. */
  endpoint: string;
  maxSessions: number;
  description: string | undefined;
  version: string;
  environment: string;
}

/** The parts but `maxSessions` sum to `total`. */
export type Breakdown = Record<OutwardStatus, number> & { total: number; maxSessions: number };

export interface Pulse {
  breakdown: Breakdown;
  /** Percent, 0–100, of the host or cgroup over all cores. */
  cpuUsage: number;
  memoryUsage: number;
  /** Whole seconds. */
  uptime: number;
  /** Messages in history, of all sessions. */
  messageCount: number;
  /** One entry per session, in no order; asked for only by dialects that send it. */
  sessions: () => {
    sessionId: string;
    status: OutwardStatus;
    connecting: boolean;
    phoneNumber: string | undefined;
    lastActivity: number;
  }[];
}

/** How a message sent through this worker fared. */
export interface MessageFate {
  sessionId: string;
  messageId: string;
  status: MessageStatus;
  at: number;
}

export interface Registered {
  /** Name under which the backend knows this worker from now on. */
  workerId: string;
  /** The backend holds sessions that this worker should bring back. */
  recoveryRequired: boolean;
}

/** What became of a session the backend asked to bring back. */
export interface Recovery {
  sessionId: string;
  outcome: 'recovered' | 'failed' | 'skipped';
  /** Why, unless recovered. */
  sentence?: string;
  at: number;
}

export interface Dialect {
  readonly name: 'guide' | 'whatsam';
  /** Unless configured otherwise. */
  readonly prefixes: Prefixes;
  /** Only the latest unsent report of a session is worth sending. */
  readonly latestOnly: boolean;
  /** Webhooks a minute that the backend takes, all kinds together. */
  readonly webhooksPerMinute: number | undefined;
  /** After so long a first connect that shows no QR code has to end, since the backend takes no other meanwhile; never unless given. */
  readonly firstConnectEndsAfterMs?: number;
  register(introduction: Introduction, prefixes: Prefixes): BackendRequest;
  /** Reads the answer to a registration. */
  registered(body: Record<string, unknown>, workerId: string): Registered;
  heartbeat(workerId: string, pulse: Pulse, prefixes: Prefixes): BackendRequest;
  /** Whether the backend is told of this change at all. */
  isReported(change: Pick<Report, 'state' | 'everConnected'>): boolean;
  /** @param qr the session's newest QR code, unless it expired; only for `qr_required` */
  report(report: Report, qr: ReportedQr | undefined, workerId: string, prefixes: Prefixes): BackendRequest;
  /** Undefined where the backend is not told. */
  readonly messageStatus: ((fate: MessageFate, prefixes: Prefixes) => BackendRequest) | undefined;
  /** Undefined where the backend does not ask for sessions back. */
  readonly recovery:
    | {
        assigned(workerId: string, prefixes: Prefixes): BackendRequest;
        /** @throws Error with a sentence when the answer makes no sense */
        assignedIn(body: Record<string, unknown>): string[];
        outcome(workerId: string, recoveries: readonly Recovery[], prefixes: Prefixes): BackendRequest;
      }
    | undefined;
}
