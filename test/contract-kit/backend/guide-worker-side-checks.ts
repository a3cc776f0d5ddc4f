import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { Check } from '../check.js';
import { contractId } from '../contract-id.js';
import { expectShape, expectStatus, expectThat } from '../expect-answer.js';
import { count, isoTime, success, text } from '../formats.js';
import { introductionOf, type BackendUnderTest } from './backend-under-test.js';

const BREAKDOWN = { total: 7, connected: 3, disconnected: 2, qr_required: 1, reconnecting: 1, error: 0, maxSessions: 50 };
const EMPTY_BREAKDOWN = { total: 0, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0, maxSessions: 50 };
const PHONE = '+6281234567890';

const pulse = (sessions: Record<string, number>): Record<string, unknown> => ({
  status: 'online',
  metrics: { sessions, cpuUsage: 12.5, memoryUsage: 40.5, uptime: 3600, messageCount: 1250 },
});

const heartbeatAnswer = success.extend({
  message: text,
  data: z.looseObject({
    workerId: text,
    status: z.literal('ONLINE', 'must be "ONLINE"'),
    sessionCount: count,
    sessionBreakdown: z.record(z.string(), z.number()),
    lastHeartbeat: isoTime,
  }),
});

const registration: Check<BackendUnderTest>[] = [
  {
    id: 'register',
    section: 'Worker Registration',
    title: 'a registration is taken, with success: true',
    run: async (backend) => {
      const exchange = await backend.register(introductionOf(await backend.worker()));
      expectStatus(exchange, 'a registration', '2xx');
      expectShape(exchange, 'the answer to a registration', success);
    },
  },
  {
    id: 'register-again',
    section: 'Worker Registration',
    title: 'a worker that starts again may register again',
    after: ['register'],
    run: async (backend) => {
      expectStatus(await backend.register(introductionOf(await backend.worker())), 'a second registration of one worker', '2xx');
    },
  },
  {
    id: 'register-token',
    section: 'Worker Token Authentication',
    title: 'a registration without the worker token, or with a wrong one, is answered 401',
    run: async (backend) => {
      const worker = await backend.anotherWorker();
      for (const [name, bearer] of badTokens(backend)) {
        expectStatus(await backend.register(introductionOf(worker), { bearer }), `a registration with ${name}`, 401);
      }
    },
  },
  {
    id: 'register-missing-fields',
    section: 'Worker Registration',
    title: 'a registration without workerId or endpoint is refused with 4xx',
    run: async (backend) => {
      const worker = await backend.anotherWorker();
      const whole = introductionOf(worker);
      expectStatus(await backend.register({}), 'an empty registration', '4xx');
      for (const name of ['workerId', 'endpoint']) {
        expectStatus(await backend.register({ ...whole, [name]: undefined }), `a registration without ${name}`, '4xx');
      }
    },
  },
];

const heartbeats: Check<BackendUnderTest>[] = [
  {
    id: 'heartbeat',
    section: 'Heartbeat',
    title: 'a heartbeat is answered with workerId, status ONLINE, sessionCount, sessionBreakdown and lastHeartbeat',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const exchange = await backend.heartbeat(workerId, pulse(EMPTY_BREAKDOWN));
      expectStatus(exchange, 'a heartbeat', 200);
      const { data } = expectShape(exchange, 'the answer to a heartbeat', heartbeatAnswer);
      expectThat(data.workerId === workerId, `the answer names the worker ${data.workerId} instead of ${workerId}`, exchange);
    },
  },
  {
    id: 'heartbeat-breakdown',
    section: 'Heartbeat',
    title: 'the answer to a heartbeat repeats its breakdown, and sessionCount is its total',
    after: ['heartbeat'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      const exchange = await backend.heartbeat(workerId, pulse(BREAKDOWN));
      const { data } = expectShape(exchange, 'the answer to a heartbeat', heartbeatAnswer);
      expectThat(isDeepStrictEqual(data.sessionBreakdown, BREAKDOWN), 'sessionBreakdown is not the breakdown of the heartbeat', exchange);
      expectThat(data.sessionCount === BREAKDOWN.total, `sessionCount is ${data.sessionCount} instead of ${BREAKDOWN.total}`, exchange);
      // A worker with nothing to do is the better one for what comes later.
      await backend.heartbeat(workerId, pulse(EMPTY_BREAKDOWN));
    },
  },
  {
    id: 'heartbeat-unknown',
    section: 'Heartbeat',
    title: 'a heartbeat of a worker that never registered is answered 404',
    run: async (backend) => {
      expectStatus(await backend.heartbeat(contractId(), pulse(EMPTY_BREAKDOWN)), 'a heartbeat of an unknown worker', 404);
    },
  },
  {
    id: 'heartbeat-token',
    section: 'Worker Token Authentication',
    title: 'a heartbeat without the worker token, or with a wrong one, is answered 401',
    after: ['register'],
    run: async (backend) => {
      const { workerId } = await backend.worker();
      for (const [name, bearer] of badTokens(backend)) {
        expectStatus(await backend.heartbeat(workerId, pulse(EMPTY_BREAKDOWN), { bearer }), `a heartbeat with ${name}`, 401);
      }
    },
  },
];

const STATUS_REPORTS: readonly Record<string, unknown>[] = [
  { status: 'disconnected' },
  { status: 'qr_required', qrCode: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAA' },
  { status: 'connected', phoneNumber: PHONE },
  { status: 'reconnecting' },
  { status: 'error' },
];

const reports: Check<BackendUnderTest>[] = [
  ...STATUS_REPORTS.map((report): Check<BackendUnderTest> => ({
    id: `report-${String(report['status'])}`,
    section: 'Session Status Updates',
    title: `a report of ${String(report['status'])} is taken, or answered 404 when nobody knows the session`,
    run: async (backend) => {
      const exchange = await backend.webhook('session-status', { sessionId: contractId(), ...report, timestamp: now() });
      expectStatus(exchange, `a report of ${String(report['status'])}`, '2xx', 404);
    },
  })),
  {
    id: 'report-bad',
    section: 'Session Status Updates',
    title: 'a report of an unknown status, or without a session, is refused with 4xx',
    run: async (backend) => {
      const unknown = { sessionId: contractId(), status: 'sleeping', timestamp: now() };
      expectStatus(await backend.webhook('session-status', unknown), 'a report of an unknown status', '4xx');
      const nobody = { status: 'connected', timestamp: now() };
      expectStatus(await backend.webhook('session-status', nobody), 'a report without a session', '4xx');
    },
  },
  {
    id: 'report-token',
    section: 'Worker Token Authentication',
    title: 'a report without the worker token, or with a wrong one, is answered 401',
    run: async (backend) => {
      const report = { sessionId: contractId(), status: 'disconnected', timestamp: now() };
      for (const [name, bearer] of badTokens(backend)) {
        expectStatus(await backend.webhook('session-status', report, { bearer }), `a report with ${name}`, 401);
      }
    },
  },
];

const badTokens = ({ http }: BackendUnderTest): [string, string | null][] => [
  ['no token', null],
  ['a wrong token', `${http.bearer ?? ''}-wrong`],
];

const now = (): string => new Date().toISOString();

/** What a backend owes its workers. */
export const guideWorkerSideChecks: readonly Check<BackendUnderTest>[] = [...registration, ...heartbeats, ...reports];
