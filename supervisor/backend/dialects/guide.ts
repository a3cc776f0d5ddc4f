import { outwardStatus, REASONS } from '../../../shared/domain/session.js';
import { qrDataUrl } from '../../qr-image.js';
import type { Dialect } from './dialect.js';

/** The guide's text, and beside it what a backend may make use of. */
export const guide: Dialect = {
  name: 'guide',
  prefixes: { api: '/api/v1', webhooks: '/api/webhooks' },
  latestOnly: false,
  webhooksPerMinute: undefined,

  register: ({ workerId, endpoint, maxSessions, description, version, environment }, { api }) => ({
    method: 'POST',
    path: `${api}/workers/register`,
    body: { workerId, endpoint, maxSessions, ...(description !== undefined && { description }), version, environment },
  }),

  registered: (_body, workerId) => ({ workerId, recoveryRequired: false }),

  heartbeat: (workerId, { breakdown, cpuUsage, memoryUsage, uptime, messageCount }, { api }) => {
    const { total, connected, disconnected, qr_required, reconnecting, error, maxSessions } = breakdown;
    return {
      method: 'PUT',
      path: `${api}/workers/${encodeURIComponent(workerId)}/heartbeat`,
      body: {
        status: 'online',
        metrics: {
          sessions: { total, connected, disconnected, qr_required, reconnecting, error, maxSessions },
          cpuUsage,
          memoryUsage,
          uptime,
          messageCount,
        },
      },
    };
  },

  // Outside, a first connect looks like `disconnected` still, which the backend knows.
  isReported: ({ state, everConnected }) => state !== 'connecting' || everConnected,

  report: ({ sessionId, seq, state, everConnected, reason, phoneNumber, pushName, at, skipped }, qr, workerId, { webhooks }) => ({
    method: 'POST',
    path: `${webhooks}/session-status`,
    body: {
      sessionId,
      status: outwardStatus(state, everConnected),
      ...(state === 'qr_required' && qr !== undefined && { qrCode: qrDataUrl(qr.value) }),
      ...(phoneNumber !== undefined && { phoneNumber }),
      timestamp: new Date(at).toISOString(),
      reason,
      message: REASONS[reason],
      seq,
      ...(skipped > 0 && { skipped }),
      workerId,
      ...(pushName !== undefined && { displayName: pushName }),
    },
  }),

  messageStatus: undefined,
  recovery: undefined,
};
