import { z } from 'zod';
import type { Check } from '../check.js';
import { contractId } from '../contract-id.js';
import { expectShape, expectStatus, expectThat } from '../expect-answer.js';
import { count, failure, success, text } from '../formats.js';
import { introductionOf, type BackendUnderTest } from './backend-under-test.js';

const registerAnswer = success.extend({
  data: z.looseObject({ workerId: text, recoveryRequired: z.boolean('must be true or false'), assignedSessionCount: count }),
});

const METRICS = { cpuUsage: 12.5, memoryUsage: 40.5, uptime: 3600, messageCount: 1250, totalSessions: 0, activeSessions: 0 };
const pulse = (sessions?: unknown): Record<string, unknown> => ({ ...(sessions !== undefined && { sessions }), metrics: METRICS });

const BAD_INTRODUCTIONS: readonly (readonly [name: string, changes: Record<string, unknown>])[] = [
  ['an id of two characters', { workerId: 'ab' }],
  ['a blank in the id', { workerId: 'contract kit' }],
  ['maxSessions 0', { maxSessions: 0 }],
  ['maxSessions 1001', { maxSessions: 1_001 }],
  ['a version of two numbers', { version: '1.0' }],
  ['an environment in small letters', { environment: 'development' }],
  ['an empty description', { description: '' }],
];

const registration: Check<BackendUnderTest>[] = [
  {
    id: 'register',
    section: 'Registration',
    title: 'a registration answers workerId, recoveryRequired and assignedSessionCount',
    run: async (backend) => {
      const exchange = await backend.register(introductionOf(await backend.worker()));
      expectStatus(exchange, 'a registration', '2xx');
      expectShape(exchange, 'the answer to a registration', registerAnswer);
    },
  },
  {
    id: 'register-health-first',
    section: 'Registration',
    title: 'the backend asks the endpoint’s /health, without a token, before it answers a registration',
    after: ['register'],
    run: async (backend) => {
      const worker = await backend.anotherWorker();
      const exchange = await backend.register(introductionOf(worker));
      const asked = worker.asked.find(({ method, url }) => method === 'GET' && url === '/health');
      expectThat(asked !== undefined, '/health was not asked before the registration was answered', exchange);
      expectThat(asked?.requestHeaders['authorization'] === undefined, '/health was asked with a token', asked);
    },
  },
  {
    id: 'register-dead-endpoint',
    section: 'Registration',
    title: 'a registration is refused when nobody answers at its endpoint',
    run: async (backend) => {
      const exchange = await backend.register(introductionOf({ workerId: contractId(), endpoint: 'http://127.0.0.1:1' }));
      expectStatus(exchange, 'a registration with a dead endpoint', '4xx', '5xx');
    },
  },
  {
    id: 'register-normalises',
    section: 'Registration',
    title: 'the id is made lower case with hyphens, and answered so',
    after: ['register'],
    run: async (backend) => {
      const id = contractId();
      const worker = await backend.anotherWorker(id.toUpperCase().replace('-', '_'));
      const exchange = await backend.register(introductionOf(worker));
      const { workerId } = expectShape(exchange, 'the answer to a registration', registerAnswer).data;
      expectThat(workerId === id, `${worker.workerId} is answered as ${workerId} instead of ${id}`, exchange);
    },
  },
  {
    id: 'register-conflict',
    section: 'Registration',
    title: 'a known id with another endpoint is answered 409',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const { endpoint } = await backend.anotherWorker();
      expectStatus(await backend.register(introductionOf({ workerId, endpoint })), 'a known id with another endpoint', 409);
    },
  },
  {
    id: 'register-again',
    section: 'Registration',
    title: 'the same worker may register again',
    after: ['register'],
    run: async (backend) => {
      expectStatus(await backend.register(introductionOf(await backend.worker())), 'a second registration of one worker', '2xx');
    },
  },
  {
    id: 'register-bad-fields',
    section: 'Registration',
    title: 'ids, maxSessions, versions, environments and descriptions that it does not take are answered 4xx',
    run: async (backend) => {
      const whole = introductionOf(await backend.anotherWorker());
      for (const [name, changes] of BAD_INTRODUCTIONS) {
        expectStatus(await backend.register({ ...whole, ...changes }), `a registration with ${name}`, '4xx');
      }
    },
  },
];

const heartbeats: Check<BackendUnderTest>[] = [
  {
    id: 'heartbeat',
    section: 'Heartbeat',
    title: 'a heartbeat with sessions[] is taken; the guide’s metrics.sessions may ride along',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const breakdown = { total: 0, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0, maxSessions: 50 };
      const exchange = await backend.heartbeat(workerId, { sessions: [], metrics: { ...METRICS, sessions: breakdown } });
      expectStatus(exchange, 'a heartbeat', '2xx');
      expectShape(exchange, 'the answer to a heartbeat', success);
    },
  },
  {
    id: 'heartbeat-bad',
    section: 'Heartbeat',
    title: 'a heartbeat without sessions[], with phoneNumber null or with a status in small letters is answered 4xx',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const session = { sessionId: contractId(), status: 'CONNECTED' };
      expectStatus(await backend.heartbeat(workerId, pulse()), 'a heartbeat without sessions[]', '4xx');
      expectStatus(await backend.heartbeat(workerId, pulse([{ ...session, phoneNumber: null }])), 'phoneNumber null in a heartbeat', '4xx');
      expectStatus(await backend.heartbeat(workerId, pulse([{ ...session, status: 'connected' }])), 'a status in small letters', '4xx');
    },
  },
  {
    id: 'heartbeat-unknown',
    section: 'Heartbeat',
    title: 'a heartbeat of a worker that never registered is answered 404',
    run: async (backend) => {
      expectStatus(await backend.heartbeat(contractId(), pulse([])), 'a heartbeat of an unknown worker', 404);
    },
  },
];

// All webhooks together may make only 60 a minute: these are 14, with those of other checks fewer than 30.
const webhooks: Check<BackendUnderTest>[] = [
  {
    id: 'report-statuses',
    section: 'Reports',
    title: 'reports in upper case are valid: for an unknown session each is answered 404',
    run: async (backend) => {
      for (const status of ['INIT', 'QR_REQUIRED', 'CONNECTED', 'DISCONNECTED', 'RECONNECTING', 'ERROR']) {
        expectStatus(
          await backend.webhook('session-status', { sessionId: contractId(), status }),
          `a report of ${status} for an unknown session`,
          404,
        );
      }
    },
  },
  {
    id: 'report-lower-case',
    section: 'Reports',
    title: 'a status in small letters is answered 400',
    run: async (backend) => {
      const report = { sessionId: contractId(), status: 'connected' };
      expectStatus(await backend.webhook('session-status', report), 'a report of connected', 400);
    },
  },
  {
    id: 'report-long-qr',
    section: 'Reports',
    title: 'a qrCode of 2001 characters is answered 400, one of 2000 is not',
    run: async (backend) => {
      const report = { sessionId: contractId(), status: 'QR_REQUIRED' };
      expectStatus(await backend.webhook('session-status', { ...report, qrCode: 'q'.repeat(2_001) }), 'a qrCode of 2001 characters', 400);
      expectStatus(await backend.webhook('session-status', { ...report, qrCode: 'q'.repeat(2_000) }), 'a qrCode of 2000 characters', 404);
    },
  },
  {
    id: 'report-bad-phone',
    section: 'Reports',
    title: 'a phoneNumber with a device suffix is answered 400',
    run: async (backend) => {
      const report = { sessionId: contractId(), status: 'CONNECTED', phoneNumber: '6281234567890:12' };
      expectStatus(await backend.webhook('session-status', report), 'a phoneNumber with a device suffix', 400);
    },
  },
  {
    id: 'message-status',
    section: 'Reports',
    title: 'message-status is a route: it takes a report, or answers 404 with a sentence',
    run: async (backend) => {
      const report = { sessionId: contractId(), messageId: 'msg_1', status: 'SENT', timestamp: new Date().toISOString() };
      const exchange = await backend.webhook('message-status', report);
      expectStatus(exchange, 'a report of a message', '2xx', 404);
      if (exchange.status === 404) expectShape(exchange, 'the refusal of a report', failure);
    },
  },
  {
    id: 'tokens',
    section: 'Tokens',
    title: 'registrations, heartbeats and reports with no token or a wrong one are answered 401',
    run: async (backend) => {
      const worker = await backend.anotherWorker();
      for (const bearer of [null, `${backend.http.bearer ?? ''}-wrong`]) {
        const name = bearer === null ? 'without a token' : 'with a wrong token';
        expectStatus(await backend.register(introductionOf(worker), { bearer }), `a registration ${name}`, 401);
        expectStatus(await backend.heartbeat(contractId(), pulse([]), { bearer }), `a heartbeat ${name}`, 401);
        const report = { sessionId: contractId(), status: 'DISCONNECTED' };
        expectStatus(await backend.webhook('session-status', report, { bearer }), `a report ${name}`, 401);
      }
    },
  },
];

const recovery: Check<BackendUnderTest>[] = [
  {
    id: 'sessions-assigned',
    section: 'Recovery',
    title: 'the sessions assigned to a worker can be read; a new one has none',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const exchange = await backend.asWorker('GET', `/workers/${workerId}/sessions/assigned`);
      expectStatus(exchange, 'the assigned sessions', 200);
      const sessions = z.array(z.unknown(), 'must be a list');
      const { data } = expectShape(
        exchange,
        'the assigned sessions',
        success.extend({ data: z.union([sessions, z.looseObject({ sessions })]) }),
      );
      expectThat((Array.isArray(data) ? data : data.sessions).length === 0, 'a new worker has sessions', exchange);
    },
  },
  {
    id: 'recovery-status',
    section: 'Recovery',
    title: 'a report of a recovery is taken, with its sums at the top; without them it is answered 4xx',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const path = `/workers/${workerId}/sessions/recovery-status`;
      const result = { sessionId: contractId(), status: 'SKIPPED', recoveredAt: new Date().toISOString() };
      const whole = { recoveryResults: [result], totalSessions: 1, successfulRecoveries: 0, failedRecoveries: 0 };
      expectStatus(await backend.asWorker('POST', path, whole), 'a report of a recovery', '2xx');
      expectStatus(await backend.asWorker('POST', path, { recoveryResults: [result] }), 'a report of a recovery without sums', '4xx');
    },
  },
];

/** What a backend of the whatsam dialect owes its workers. */
export const whatsamWorkerSideChecks: readonly Check<BackendUnderTest>[] = [...registration, ...heartbeats, ...webhooks, ...recovery];
