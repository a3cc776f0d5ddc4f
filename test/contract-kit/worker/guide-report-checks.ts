import { z } from 'zod';
import type { Check } from '../check.js';
import { isContractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import { expectShape, expectThat } from '../expect-answer.js';
import { count, isoTime, percent, phoneNumber, text } from '../formats.js';
import { qrText } from '../qr-text.js';
import { waitUntil } from '../wait-until.js';
import { GUIDE_STATUSES, sessionStatus } from './guide-shapes.js';
import type { GuideWorker } from './guide-worker.js';
import { firstRegistration, nextHeartbeat } from './listening.js';
import { sharedReportChecks } from './shared-report-checks.js';

/** Longest of a check that waits for heartbeats or reports; each of its waits is bounded by heartbeat and patience. */
const CHECK_TIMEOUT_MS = 10 * 60_000;
/** Clocks of two machines. */
const CLOCK_SKEW_MS = 5 * 60_000;

const registration = z.looseObject({
  workerId: text,
  endpoint: z.url({ protocol: /^https?$/, error: 'must be an http address' }),
  maxSessions: count.min(1, 'must be at least 1'),
  version: text,
  environment: text.regex(/^[A-Z]+$/, 'must be in capitals, such as PRODUCTION'),
  description: z.string('must be a text').optional(),
});

const parts = Object.fromEntries(GUIDE_STATUSES.map((status) => [status, count])) as Record<(typeof GUIDE_STATUSES)[number], typeof count>;

const heartbeat = z.looseObject({
  status: z.literal('online', 'must be "online"'),
  metrics: z.looseObject({
    sessions: z.looseObject({ total: count, ...parts, maxSessions: count.min(1, 'must be at least 1') }),
    cpuUsage: percent,
    memoryUsage: percent,
    // The guide prints a whole number and fills it with process.uptime(), which is none.
    uptime: z.number('must be a number').min(0, 'must not be negative'),
    messageCount: count,
  }),
});

const report = z.looseObject({
  sessionId: text,
  status: sessionStatus,
  timestamp: isoTime,
  phoneNumber: phoneNumber.optional(),
  qrCode: text.optional(),
});

const registered: Check<GuideWorker> = {
  id: 'registration',
  section: 'Worker Registration',
  title: 'the worker registers with workerId, endpoint, maxSessions, version and environment',
  requires: ['listen'],
  timeoutMs: CHECK_TIMEOUT_MS,
  run: async (worker) => {
    expectShape(await firstRegistration(worker), 'the registration', registration);
  },
};

const heartbeats: Check<GuideWorker>[] = [
  {
    id: 'heartbeat',
    section: 'Heartbeat',
    title: 'a heartbeat says online, the breakdown of the sessions, load, uptime and the number of messages',
    requires: ['listen'],
    after: ['registration'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      expectShape(await nextHeartbeat(worker), 'the heartbeat', heartbeat);
    },
  },
  {
    id: 'heartbeat-sums',
    section: 'Session Status Definitions',
    title: 'the parts of the breakdown sum to total, and a new session is counted',
    requires: ['listen'],
    after: ['heartbeat', 'create'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      await worker.newSession();
      // The first one may have been counted before the session was there.
      await nextHeartbeat(worker);
      const last = await nextHeartbeat(worker);
      for (const exchange of worker.backend.heartbeats) {
        const { total, ...counted } = expectShape(exchange, 'the heartbeat', heartbeat).metrics.sessions;
        const sum = GUIDE_STATUSES.reduce((left, status) => left + counted[status], 0);
        expectThat(sum === total, `the parts sum to ${sum}, total is ${total}`, exchange);
        if (exchange === last) expectThat(total >= 1, 'a session that was just created is not counted', exchange);
      }
    },
  },
];

const reports: Check<GuideWorker>[] = [
  {
    id: 'report',
    section: 'Session Status Updates',
    title: 'a session that is connected is reported until qr_required, with the guide’s statuses and ISO timestamps',
    requires: ['listen'],
    after: ['registration', 'connect'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const sessionId = await worker.newSession();
      await worker.connect(sessionId);
      const seen = await reportOf(worker, sessionId, 'qr_required');
      for (const exchange of worker.backend.reports(sessionId)) expectShape(exchange, 'the report', report);
      expectThat(
        seen !== undefined,
        `qr_required was not reported within ${worker.patienceMs} ms of connect`,
        worker.backend.reports(sessionId).at(-1),
      );
    },
  },
  {
    id: 'report-qr',
    section: 'Session Status Updates',
    title: 'the report of qr_required has a QR code that can be read',
    requires: ['listen'],
    after: ['report'],
    run: async ({ backend }) => {
      const asked = backend.reports().filter((exchange) => expectShape(exchange, 'the report', report).status === 'qr_required');
      // A code that was replaced before its report left is none to show.
      const shown = asked.filter((exchange) => expectShape(exchange, 'the report', report).qrCode !== undefined);
      expectThat(shown.length > 0, 'no report of qr_required has a qrCode', asked.at(-1));
      for (const exchange of shown) {
        try {
          qrText(expectShape(exchange, 'the report', report).qrCode ?? '');
        } catch (error) {
          expectThat(false, `qrCode shows no QR code: ${error instanceof Error ? error.message : String(error)}`, exchange);
        }
      }
      return Promise.resolve();
    },
  },
  {
    id: 'report-order',
    section: 'Session Status Updates',
    title: 'the reports of a session come in the order of their timestamps, which are about now',
    requires: ['listen'],
    after: ['report'],
    run: async ({ backend }) => {
      const latest = new Map<string, number>();
      for (const exchange of backend.reports()) {
        const { sessionId, timestamp } = expectShape(exchange, 'the report', report);
        const at = Date.parse(timestamp);
        expectThat(at >= (latest.get(sessionId) ?? 0), 'a report came after a younger one of its session', exchange);
        expectThat(
          // Of other sessions the worker may tell what happened before the kit listened.
          !isContractId(sessionId) || Math.abs(exchange.startedAt - at) <= CLOCK_SKEW_MS,
          `the timestamp is ${exchange.startedAt - at} ms away from now`,
          exchange,
        );
        latest.set(sessionId, at);
      }
      return Promise.resolve();
    },
  },
];

const reportOf = async ({ backend, patienceMs, scope }: GuideWorker, sessionId: string, status: string): Promise<Exchange | undefined> =>
  waitUntil(() => backend.reports(sessionId).find(({ body }) => report.safeParse(body).data?.status === status), {
    timeoutMs: patienceMs,
    signal: scope.signal,
  });

/** What the worker tells its backend. */
export const guideReportChecks: readonly Check<GuideWorker>[] = [
  registered,
  ...sharedReportChecks.registration,
  ...heartbeats,
  ...sharedReportChecks.heartbeat,
  ...reports,
  ...sharedReportChecks.report,
];
