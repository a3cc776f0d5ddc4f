import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MESSAGE_STATUSES } from '../../../shared/domain/message.js';
import { SESSION_STATES, type SessionState } from '../../../shared/domain/session.js';
import type { BackendRequest } from '../../../supervisor/backend/backend-request.js';
import type { Introduction, Pulse } from '../../../supervisor/backend/dialects/dialect.js';
import { whatsam } from '../../../supervisor/backend/dialects/whatsam.js';
import type { Report } from '../../../supervisor/backend/report.js';
import { qrDataUrl } from '../../../supervisor/qr-image.js';
import { RULES } from './whatsam-rules.js';

const PREFIXES = { api: '/api', webhooks: '/api/webhooks' };
const AT = Date.UTC(2026, 10, 22, 10, 30);
const AT_ISO = '2026-11-22T10:30:00.000Z';
const QR = `2@${'aB3+'.repeat(50)},${'k'.repeat(44)},${'i'.repeat(44)},${'s'.repeat(44)}`;

const INTRODUCTION: Introduction = {
  workerId: 'worker-001',
  endpoint: 'http://10.0.0.7:8001',
  maxSessions: 50,
  description: 'Primary',
  version: '1.2.3',
  environment: 'PRODUCTION',
};
const REPORT: Report = {
  sessionId: 'alice',
  seq: 7,
  state: 'connected',
  everConnected: true,
  reason: 'opened',
  phoneNumber: '+6281234567890',
  pushName: 'Alice',
  at: AT,
  skipped: 0,
};
const PULSE: Pulse = {
  breakdown: { total: 2, connected: 1, disconnected: 1, qr_required: 0, reconnecting: 0, error: 0, maxSessions: 50 },
  cpuUsage: 45.5,
  memoryUsage: 67.8,
  uptime: 3600,
  messageCount: 1250,
  sessions: () => [
    { sessionId: 'alice', status: 'connected', connecting: false, phoneNumber: '+6281234567890', lastActivity: AT },
    { sessionId: 'bob', status: 'disconnected', connecting: true, phoneNumber: undefined, lastActivity: AT },
  ],
};

const introduce = (changes: Partial<Introduction>): BackendRequest => whatsam.register({ ...INTRODUCTION, ...changes }, PREFIXES);
const report = (changes: Partial<Report>, qr?: string): Record<string, unknown> =>
  whatsam.report({ ...REPORT, ...changes }, qr === undefined ? undefined : { value: qr, expiresAt: AT }, 'worker-001', PREFIXES).body ?? {};

describe('a registration with a whatsam gateway', () => {
  it('goes to /api/workers/register with what the gateway takes', () => {
    expect(introduce({})).toEqual({ method: 'POST', path: '/api/workers/register', body: INTRODUCTION });
  });

  it.each([
    ['Worker_001', 'worker_001'],
    ['my worker.local', 'my-worker-local'],
    ['w1', 'worker-w1'],
    ['--', 'worker'],
    ['ABC', 'abc'],
  ])('says %s as %s', (given, said) => {
    expect(introduce({ workerId: given }).body?.['workerId']).toBe(said);
  });

  it('keeps ids that had to be cut apart', () => {
    const [one, other] = ['a', 'b'].map((end) => introduce({ workerId: `${'x'.repeat(60)}${end}` }).body?.['workerId']);
    expect(one).toHaveLength(50);
    expect(one).not.toBe(other);
  });

  it.each([
    [0, 1],
    [1000, 1000],
    [5000, 1000],
  ])('says %i sessions as %i', (given, said) => {
    expect(introduce({ maxSessions: given }).body?.['maxSessions']).toBe(said);
  });

  it.each([
    ['1', '1.0.0'],
    ['v2.7', '2.7.0'],
    ['1.4.2-rc.1+build.7', '1.4.2'],
    ['latest', '0.0.0'],
  ])('says version %s as %s', (given, said) => {
    expect(introduce({ version: given }).body?.['version']).toBe(said);
  });

  it('says the environment in upper case and leaves an empty description out', () => {
    const { body } = introduce({ environment: 'staging', description: '  ' });
    expect(body?.['environment']).toBe('STAGING');
    expect(body).not.toHaveProperty('description');
  });

  it('is accepted whatever the worker is called', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.option(fc.string({ unit: 'grapheme', maxLength: 600 }), { nil: undefined }),
        fc.string(),
        fc.integer(),
        (workerId, description, version, maxSessions) => {
          expect(RULES.register.safeParse(introduce({ workerId, description, version, maxSessions }).body).error).toBeUndefined();
        },
      ),
    );
  });

  it.each([
    ['adopts the name it is given', { data: { workerId: 'other-name', recoveryRequired: true } }, ['other-name', true]],
    ['keeps its own without one', { success: true }, ['my-worker', false]],
    ['keeps its own when the name makes no sense', { data: { workerId: '../x', recoveryRequired: 'yes' } }, ['my-worker', false]],
    ['reads a null', { data: { workerId: null } }, ['my-worker', false]],
  ])('%s', (_name, body, [workerId, recoveryRequired]) => {
    expect(whatsam.registered(body, 'My Worker')).toEqual({ workerId, recoveryRequired });
  });
});

describe('a heartbeat to a whatsam gateway', () => {
  it('lists the sessions beside the figures', () => {
    const { method, path, body } = whatsam.heartbeat('worker-001', PULSE, PREFIXES);
    expect({ method, path }).toEqual({ method: 'PUT', path: '/api/workers/worker-001/heartbeat' });
    expect(RULES.heartbeat.safeParse(body).error).toBeUndefined();
    expect(body?.['sessions']).toEqual([
      { sessionId: 'alice', status: 'CONNECTED', phoneNumber: '+6281234567890', lastActivity: AT_ISO },
      { sessionId: 'bob', status: 'INIT', lastActivity: AT_ISO },
    ]);
    expect(body?.['metrics']).toEqual({
      ...{ cpuUsage: 45.5, memoryUsage: 67.8, uptime: 3600, messageCount: 1250, totalSessions: 2, activeSessions: 1 },
      sessions: PULSE.breakdown,
    });
  });

  it('is within the limits whatever was measured', () => {
    const figure = fc.double({ noDefaultInfinity: false });
    fc.assert(
      fc.property(figure, figure, figure, (cpuUsage, memoryUsage, uptime) => {
        const { body } = whatsam.heartbeat('worker-001', { ...PULSE, cpuUsage, memoryUsage, uptime: Math.min(uptime, 1e9) }, PREFIXES);
        expect(RULES.heartbeat.safeParse(body).error).toBeUndefined();
      }),
    );
  });
});

describe('a report to a whatsam gateway', () => {
  const TABLE: [SessionState, everConnected: boolean, status: string][] = [
    ['disconnected', false, 'DISCONNECTED'],
    ['logged_out', true, 'DISCONNECTED'],
    ['connecting', false, 'INIT'],
    ['connecting', true, 'RECONNECTING'],
    ['reconnecting', true, 'RECONNECTING'],
    ['qr_required', false, 'QR_REQUIRED'],
    ['connected', true, 'CONNECTED'],
    ['error', true, 'ERROR'],
  ];
  it.each(TABLE)('calls %s (connected before: %s) %s', (state, everConnected, status) => {
    expect(report({ state, everConnected })['status']).toBe(status);
  });

  it('goes to the webhooks and names worker, time and account', () => {
    expect(whatsam.report(REPORT, undefined, 'worker-001', PREFIXES)).toEqual({
      method: 'POST',
      path: '/api/webhooks/session-status',
      body: {
        ...{ sessionId: 'alice', status: 'CONNECTED', phoneNumber: '+6281234567890', displayName: 'Alice' },
        ...{ workerId: 'worker-001', timestamp: AT_ISO },
      },
    });
  });

  it('shows a QR code as a picture of at most 2000 characters, and only while it can be scanned', () => {
    expect(report({ state: 'qr_required' }, QR)['qrCode']).toBe(qrDataUrl(QR));
    expect(qrDataUrl(QR).length).toBeLessThanOrEqual(2_000);
    expect(report({ state: 'connected' }, QR)).not.toHaveProperty('qrCode');
    expect(report({ state: 'qr_required' })).not.toHaveProperty('qrCode');
  });

  it('shows a QR code that is too long for a picture as its text', () => {
    const long = Array.from({ length: 700 }, (_, n) => String.fromCharCode(33 + ((n * 37) % 90))).join('');
    expect(qrDataUrl(long).length).toBeGreaterThan(2_000);
    expect(report({ state: 'qr_required' }, long)['qrCode']).toBe(long);
  });

  it.each([
    ['6281234567890:12@s.whatsapp.net', '6281234567890'],
    ['+6281234567890:12', '+6281234567890'],
    ['6281234567890', '6281234567890'],
    ['0812', undefined],
    ['+1234567890123456', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('says the number %s as %s', (phoneNumber, said) => {
    expect(report({ phoneNumber })['phoneNumber']).toBe(said);
  });

  it('is accepted whatever a phone calls itself', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SESSION_STATES),
        fc.boolean(),
        fc.string({ unit: 'grapheme', maxLength: 300 }),
        fc.string(),
        (state, everConnected, pushName, phoneNumber) => {
          const body = report({ state, everConnected, pushName, phoneNumber }, QR);
          expect(RULES.report.safeParse(body).error).toBeUndefined();
          expect(JSON.stringify(body)).not.toContain('null,');
        },
      ),
    );
  });

  it('is not made of a first connect under way, which would keep the user from connecting', () => {
    const told = SESSION_STATES.filter((state) => whatsam.isReported({ state, everConnected: false }));
    expect(told).toEqual(SESSION_STATES.filter((state) => state !== 'connecting'));
    expect(SESSION_STATES.every((state) => whatsam.isReported({ state, everConnected: true }))).toBe(true);
  });

  it('is one of at most 60 a minute, of which only the latest counts', () => {
    expect(whatsam).toMatchObject({ name: 'whatsam', latestOnly: true, webhooksPerMinute: 60, prefixes: PREFIXES });
  });
});

describe("a message's fate", () => {
  it.each([
    ['pending', 'PENDING', {}],
    ['failed', 'FAILED', {}],
    ['sent', 'SENT', {}],
    ['delivered', 'DELIVERED', { deliveredAt: AT_ISO }],
    ['read', 'READ', { readAt: AT_ISO }],
    ['played', 'READ', { readAt: AT_ISO }],
  ] as const)('%s is told as %s', (status, said, times) => {
    const request = whatsam.messageStatus?.({ sessionId: 'alice', messageId: '3EB0AB', status, at: AT }, PREFIXES);
    expect(request).toEqual({
      method: 'POST',
      path: '/api/webhooks/message-status',
      body: { sessionId: 'alice', messageId: '3EB0AB', status: said, timestamp: AT_ISO, ...times },
    });
    expect(RULES.messageStatus.safeParse(request?.body).error).toBeUndefined();
  });

  it('has a word for every status', () => {
    for (const status of MESSAGE_STATUSES) {
      const request = whatsam.messageStatus?.({ sessionId: 's', messageId: 'm', status, at: AT }, PREFIXES);
      expect(RULES.messageStatus.safeParse(request?.body).error, status).toBeUndefined();
    }
  });
});

describe('sessions a whatsam gateway wants back', () => {
  const { recovery } = whatsam;

  it('are asked for under the adopted name', () => {
    expect(recovery?.assigned('worker-001', PREFIXES)).toEqual({ method: 'GET', path: '/api/workers/worker-001/sessions/assigned' });
  });

  it('are read once each', () => {
    const sessions = [{ sessionId: 'a', status: 'CONNECTED', phoneNumber: null }, { sessionId: 'b' }, { sessionId: 'a' }];
    expect(recovery?.assignedIn({ success: true, data: { sessions } })).toEqual(['a', 'b']);
    expect(recovery?.assignedIn({ data: { sessions: [] } })).toEqual([]);
  });

  it.each([{}, { data: null }, { data: { sessions: 'all' } }, { data: { sessions: [{ id: 'a' }] } }])('are not guessed from %j', (body) => {
    expect(() => recovery?.assignedIn(body)).toThrow(/did not say which sessions/);
  });

  it('are answered for one by one and in sum', () => {
    const request = recovery?.outcome(
      'worker-001',
      [
        { sessionId: 'a', outcome: 'recovered', at: AT },
        { sessionId: 'b', outcome: 'failed', sentence: 'Not here.', at: AT },
        { sessionId: 'c', outcome: 'skipped', sentence: 'Not paired.', at: AT },
      ],
      PREFIXES,
    );
    expect(request).toEqual({
      method: 'POST',
      path: '/api/workers/worker-001/sessions/recovery-status',
      body: {
        recoveryResults: [
          { sessionId: 'a', status: 'SUCCESS', recoveredAt: AT_ISO },
          { sessionId: 'b', status: 'FAILED', error: 'Not here.' },
          { sessionId: 'c', status: 'SKIPPED', error: 'Not paired.' },
        ],
        totalSessions: 3,
        successfulRecoveries: 1,
        failedRecoveries: 1,
      },
    });
    expect(RULES.outcome.safeParse(request?.body).error).toBeUndefined();
  });
});
