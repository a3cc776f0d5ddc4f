// The figures of a heartbeat.
import { phoneNumberOf } from '../../shared/domain/ids.js';
import { outwardStatus } from '../../shared/domain/session.js';
import type { Load } from '../host-load.js';
import type { SessionRow } from '../supervisor-store.js';
import type { Breakdown, Pulse } from './dialects/dialect.js';

export interface PulseSources {
  rows: readonly Readonly<SessionRow>[];
  maxSessions: number;
  load: Load;
  /** Seconds. */
  uptime: number;
  messageCount: number;
}

export const takePulse = ({ rows, maxSessions, load, uptime, messageCount }: PulseSources): Pulse => ({
  breakdown: breakdownOf(rows, maxSessions),
  cpuUsage: load.cpuPercent,
  memoryUsage: load.memoryPercent,
  uptime: Math.floor(uptime),
  messageCount,
  sessions: () =>
    rows
      .filter(({ deleting }) => !deleting)
      .map(({ sessionId, state, everConnected, jid, lastActivity }) => ({
        sessionId,
        status: outwardStatus(state, everConnected),
        connecting: state === 'connecting',
        phoneNumber: jid === undefined ? undefined : phoneNumberOf(jid),
        lastActivity,
      })),
});

/** Sessions that are being deleted are shown nowhere, so they are not counted. */
const breakdownOf = (rows: readonly Readonly<SessionRow>[], maxSessions: number): Breakdown => {
  const breakdown: Breakdown = { total: 0, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0, maxSessions };
  for (const { state, everConnected, deleting } of rows) {
    if (deleting) continue;
    breakdown.total++;
    breakdown[outwardStatus(state, everConnected)]++;
  }
  return breakdown;
};
