import type { Breakdown, WorkerStatus } from './gateway-state.js';

/** What the score is made of; the percentages are 0–100, times in milliseconds. */
export interface Load {
  readonly status: WorkerStatus;
  /** Sessions the worker holds, or that were assigned to it since it last told. */
  readonly sessions: number;
  readonly maxSessions: number;
  readonly breakdown: Pick<Breakdown, 'error' | 'reconnecting' | 'qr_required'>;
  readonly cpuUsage: number;
  readonly memoryUsage: number;
  /** Since its last sign of life. */
  readonly silentMs: number;
  /** From this silence on the worker counts as gone. */
  readonly staleMs: number;
}

export interface LoadScore {
  /** 0–100 */
  readonly capacity: number;
  /** 0–50 */
  readonly health: number;
  /** 0–50 */
  readonly resources: number;
  /** 0–25 */
  readonly stability: number;
  /** 0–25 */
  readonly qrPenalty: number;
  /** 0–250; the lower, the better for a new session. */
  readonly total: number;
}

/** With this share of its room in trouble a worker gets all 50 points. Of the room, not of its sessions: more load must never look better. */
const UNHEALTHY_SHARE = 0.2;
const QR_POINTS = 2;
const QR_POINTS_MAX = 25;

/** The guide's five factors; undefined for a worker that can take no session: offline, in maintenance, stale or full. */
export const loadScore = (load: Load): LoadScore | undefined => {
  const { status, sessions, maxSessions, breakdown, silentMs, staleMs } = load;
  if (status !== 'ONLINE' || silentMs >= staleMs || sessions >= maxSessions) return undefined;
  const capacity = share(sessions / maxSessions) * 100;
  const health = share((breakdown.error + breakdown.reconnecting) / (maxSessions * UNHEALTHY_SHARE)) * 50;
  const resources = share((load.cpuUsage + load.memoryUsage) / 200) * 50;
  const stability = share(silentMs / staleMs) * 25;
  const qrPenalty = Math.min(breakdown.qr_required * QR_POINTS, QR_POINTS_MAX);
  return { capacity, health, resources, stability, qrPenalty, total: capacity + health + resources + stability + qrPenalty };
};

const share = (value: number): number => Math.min(1, Math.max(0, value));
