import type { Reason, SessionState } from '../../shared/domain/session.js';

/** A change of a session that the backend is to hear of, as it lies in the outbox. Times are Unix milliseconds. */
export interface Report {
  sessionId: string;
  /** The session's `seq` after the change; orders the reports of one session. */
  seq: number;
  state: SessionState;
  everConnected: boolean;
  reason: Reason;
  /** `+6281…`, once paired. */
  phoneNumber: string | undefined;
  pushName: string | undefined;
  at: number;
  /** How many earlier changes this report stands for, because the backend was away too long to tell it each. */
  skipped: number;
}

/** A QR code to be shown; it lives in memory only. */
export interface ReportedQr {
  value: string;
  expiresAt: number;
}

/** A report that the backend refused for good. */
export interface DeadReport {
  /** Rises with each dead report. */
  id: number;
  report: Report;
  /** What the backend answered. */
  status: number;
  sentence: string;
  /** When it was given up. */
  diedAt: number;
}
