import { expect, it } from 'vitest';
import { REASONS } from '../../../shared/domain/session.js';
import type { Pulse } from '../../../supervisor/backend/dialects/dialect.js';
import { guide } from '../../../supervisor/backend/dialects/guide.js';
import type { Report } from '../../../supervisor/backend/report.js';

const PREFIXES = guide.prefixes;
const REPORT: Report = {
  sessionId: 'user123-personal',
  seq: 7,
  state: 'connected',
  everConnected: true,
  reason: 'opened',
  phoneNumber: '+6281234567890',
  pushName: 'Shop',
  at: Date.UTC(2024, 0, 15, 10, 30),
  skipped: 0,
};

it('registers as the guide prints it', () => {
  const introduction = {
    workerId: 'worker-001',
    endpoint: 'http://192.168.1.100:8001',
    maxSessions: 50,
    description: 'Primary worker instance',
    version: '1.0.0',
    environment: 'PRODUCTION',
  };
  expect(guide.register(introduction, PREFIXES)).toEqual({ method: 'POST', path: '/api/v1/workers/register', body: introduction });
  expect(guide.register({ ...introduction, description: undefined }, PREFIXES).body).not.toHaveProperty('description');
  expect(guide.registered({ data: { workerId: 'other' } }, 'worker-001')).toEqual({ workerId: 'worker-001', recoveryRequired: false });
});

it('beats as the guide prints it', () => {
  const pulse: Pulse = {
    breakdown: { total: 25, connected: 20, disconnected: 2, qr_required: 2, reconnecting: 1, error: 0, maxSessions: 50 },
    cpuUsage: 45.5,
    memoryUsage: 67.8,
    uptime: 3600,
    messageCount: 1250,
    sessions: () => [],
  };
  expect(guide.heartbeat('worker-001', pulse, PREFIXES)).toEqual({
    method: 'PUT',
    path: '/api/v1/workers/worker-001/heartbeat',
    body: {
      status: 'online',
      metrics: {
        sessions: { total: 25, connected: 20, disconnected: 2, qr_required: 2, reconnecting: 1, error: 0, maxSessions: 50 },
        cpuUsage: 45.5,
        memoryUsage: 67.8,
        uptime: 3600,
        messageCount: 1250,
      },
    },
  });
});

it('reports what the guide asks for, and more beside it', () => {
  expect(guide.report(REPORT, undefined, 'worker-001', PREFIXES)).toEqual({
    method: 'POST',
    path: '/api/webhooks/session-status',
    body: {
      sessionId: 'user123-personal',
      status: 'connected',
      phoneNumber: '+6281234567890',
      timestamp: '2024-01-15T10:30:00.000Z',
      reason: 'opened',
      message: REASONS.opened,
      seq: 7,
      workerId: 'worker-001',
      displayName: 'Shop',
    },
  });
});

it('leaves out what it does not know, and says what it left out', () => {
  const report: Report = { ...REPORT, state: 'logged_out', reason: 'logged_out', phoneNumber: undefined, pushName: undefined, skipped: 3 };
  const { body } = guide.report(report, undefined, 'worker-001', PREFIXES);
  expect(body).toMatchObject({ status: 'disconnected', skipped: 3 });
  expect(Object.keys(body ?? {})).toEqual(['sessionId', 'status', 'timestamp', 'reason', 'message', 'seq', 'skipped', 'workerId']);
});

it('draws the QR code, only while one is to be scanned', () => {
  const qr = { value: '2@abc', expiresAt: 0 };
  const waiting: Report = { ...REPORT, state: 'qr_required', everConnected: false, reason: 'qr_shown' };
  expect(guide.report(waiting, qr, 'w', PREFIXES).body).toMatchObject({
    status: 'qr_required',
    qrCode: expect.stringMatching(/^data:image\/png;base64,iVBOR/) as string,
  });
  expect(guide.report(waiting, undefined, 'w', PREFIXES).body).not.toHaveProperty('qrCode');
  expect(guide.report(REPORT, qr, 'w', PREFIXES).body).not.toHaveProperty('qrCode');
});

it('does not report a first connect, which looks disconnected from outside', () => {
  expect(guide.isReported({ state: 'connecting', everConnected: false })).toBe(false);
  expect(guide.isReported({ state: 'connecting', everConnected: true })).toBe(true);
  expect(guide.isReported({ state: 'reconnecting', everConnected: false })).toBe(true);
});

it('takes other prefixes, and ids with any characters', () => {
  const prefixes = { api: '/v2', webhooks: '/hooks' };
  expect(guide.report(REPORT, undefined, 'w', prefixes).path).toBe('/hooks/session-status');
  const beat = guide.heartbeat('a/b', { breakdown: {} } as Pulse, prefixes);
  expect(beat.path).toBe('/v2/workers/a%2Fb/heartbeat');
});
