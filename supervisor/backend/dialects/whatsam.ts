import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MessageStatus } from '../../../shared/domain/message.js';
import { outwardStatus } from '../../../shared/domain/session.js';
import type { Dialect, Introduction, Prefixes, Pulse, Recovery } from './dialect.js';
import { whatsamPhoneNumber, whatsamQr, whatsamStatus, whatsamText } from './whatsam-session.js';

const ID = { min: 3, max: 50 };
const MAX_SESSIONS = 1_000;
const DESCRIPTION_MAX = 255;
const DISPLAY_NAME_MAX = 100;

const MESSAGE_STATUSES: Record<MessageStatus, string> = {
  pending: 'PENDING',
  failed: 'FAILED',
  sent: 'SENT',
  delivered: 'DELIVERED',
  read: 'READ',
  played: 'READ',
};
const OUTCOMES: Record<Recovery['outcome'], string> = { recovered: 'SUCCESS', failed: 'FAILED', skipped: 'SKIPPED' };

/** Any part that is missing or odd reads as absent. */
const RegisteredBody = z.object({
  data: z.object({
    workerId: z
      .string()
      .regex(/^[A-Za-z0-9_-]{3,50}$/)
      .optional()
      .catch(undefined),
    recoveryRequired: z.boolean().catch(false),
  }),
});
const AssignedBody = z.object({ data: z.object({ sessions: z.array(z.object({ sessionId: z.string() })) }) });

/** The gateway that grew from the guide and differs from it in many details; `docs/dialects.md` lists them. */
export const whatsam: Dialect = {
  name: 'whatsam',
  prefixes: { api: '/api', webhooks: '/api/webhooks' },
  latestOnly: true,
  webhooksPerMinute: 60,
  firstConnectEndsAfterMs: 60_000,

  register: (introduction, { api }) => ({ method: 'POST', path: `${api}/workers/register`, body: introduce(introduction) }),

  registered: (body, workerId) => {
    const { data } = RegisteredBody.safeParse(body);
    return { workerId: data?.data.workerId ?? whatsamWorkerId(workerId), recoveryRequired: data?.data.recoveryRequired ?? false };
  },

  heartbeat: (workerId, pulse, prefixes) => ({
    method: 'PUT',
    path: `${workerPath(workerId, prefixes)}/heartbeat`,
    body: {
      sessions: pulse.sessions().map(({ sessionId, status, connecting, phoneNumber, lastActivity }) => ({
        sessionId,
        status: whatsamStatus(status, connecting),
        ...phone(phoneNumber),
        lastActivity: iso(lastActivity),
      })),
      metrics: metrics(pulse),
      capabilities: { maxSessions: atMost(pulse.breakdown.maxSessions), supportedFeatures: ['text', 'link'] },
    },
  }),

  // A backend that holds INIT refuses the user's next connect, and learns of INIT from the answer to start anyway.
  isReported: ({ state, everConnected }) => state !== 'connecting' || everConnected,

  report: ({ sessionId, state, everConnected, phoneNumber, pushName, at }, qr, workerId, { webhooks }) => {
    const qrCode = qr && whatsamQr(qr.value);
    const displayName = whatsamText(pushName, DISPLAY_NAME_MAX);
    return {
      method: 'POST',
      path: `${webhooks}/session-status`,
      body: {
        sessionId,
        status: whatsamStatus(outwardStatus(state, everConnected), state === 'connecting'),
        ...(state === 'qr_required' && qrCode !== undefined && { qrCode }),
        ...phone(phoneNumber),
        ...(displayName !== undefined && { displayName }),
        workerId,
        timestamp: iso(at),
      },
    };
  },

  messageStatus: ({ sessionId, messageId, status, at }, { webhooks }) => {
    const outward = MESSAGE_STATUSES[status];
    const timestamp = iso(at);
    return {
      method: 'POST',
      path: `${webhooks}/message-status`,
      body: {
        ...{ sessionId, messageId, status: outward, timestamp },
        ...(outward === 'DELIVERED' && { deliveredAt: timestamp }),
        ...(outward === 'READ' && { readAt: timestamp }),
      },
    };
  },

  recovery: {
    assigned: (workerId, prefixes) => ({ method: 'GET', path: `${workerPath(workerId, prefixes)}/sessions/assigned` }),
    assignedIn: (body) => {
      const { data } = AssignedBody.safeParse(body);
      if (!data) throw new Error('The backend did not say which sessions it wants back: data.sessions is not a list of sessions.');
      return [...new Set(data.data.sessions.map(({ sessionId }) => sessionId))];
    },
    outcome: (workerId, recoveries, prefixes) => ({
      method: 'POST',
      path: `${workerPath(workerId, prefixes)}/sessions/recovery-status`,
      body: {
        recoveryResults: recoveries.map(({ sessionId, outcome, sentence, at }) => ({
          sessionId,
          status: OUTCOMES[outcome],
          ...(outcome === 'recovered' ? { recoveredAt: iso(at) } : { error: sentence ?? 'No reason is known.' }),
        })),
        totalSessions: recoveries.length,
        successfulRecoveries: recoveries.filter(({ outcome }) => outcome === 'recovered').length,
        failedRecoveries: recoveries.filter(({ outcome }) => outcome === 'failed').length,
      },
    }),
  },
};

/** 3 to 50 of `a-z 0-9 _ -`; ids that had to be cut stay different from each other. */
const whatsamWorkerId = (workerId: string): string => {
  const plain = workerId
    .toLowerCase()
    .replace(/[^a-z0-9_-]+/g, '-')
    .replace(/^-+|-+$/g, '');
  if (plain.length < ID.min) return `worker-${plain}`.replace(/-+$/, '');
  if (plain.length <= ID.max) return plain;
  const mark = createHash('sha256').update(workerId).digest('hex').slice(0, 8);
  return `${plain.slice(0, ID.max - mark.length - 1)}-${mark}`;
};

const introduce = ({ workerId, endpoint, maxSessions, description, version, environment }: Introduction): Record<string, unknown> => {
  const said = whatsamText(description, DESCRIPTION_MAX);
  return {
    workerId: whatsamWorkerId(workerId),
    endpoint,
    maxSessions: atMost(maxSessions),
    ...(said !== undefined && { description: said }),
    version: threePartVersion(version),
    environment: environment.toUpperCase(),
  };
};

const metrics = ({ breakdown, cpuUsage, memoryUsage, uptime, messageCount }: Pulse): Record<string, unknown> => ({
  cpuUsage: percent(cpuUsage),
  memoryUsage: percent(memoryUsage),
  uptime: whole(uptime),
  messageCount: whole(messageCount),
  totalSessions: breakdown.total,
  activeSessions: breakdown.connected,
  // The guide's figures; the gateway drops what it does not know.
  sessions: breakdown,
});

/** `v2` → `2.0.0`, `1.4.2-rc.1` → `1.4.2`; `0.0.0` when there is no number in it. */
const threePartVersion = (version: string): string => {
  const [, major = '0', minor = '0', patch = '0'] = /(\d+)(?:\.(\d+))?(?:\.(\d+))?/.exec(version) ?? [];
  return `${major}.${minor}.${patch}`;
};

const workerPath = (workerId: string, { api }: Prefixes): string => `${api}/workers/${encodeURIComponent(workerId)}`;

const phone = (phoneNumber: string | undefined): { phoneNumber?: string } => {
  const number = whatsamPhoneNumber(phoneNumber);
  return number === undefined ? {} : { phoneNumber: number };
};

const atMost = (maxSessions: number): number => Math.min(MAX_SESSIONS, Math.max(1, whole(maxSessions)));
const percent = (value: number): number => Math.min(100, Math.max(0, Number.isFinite(value) ? value : 0));
const whole = (value: number): number => Math.max(0, Math.trunc(Number.isFinite(value) ? value : 0));
const iso = (at: number): string => new Date(at).toISOString();
