import { setTimeout as sleep } from 'node:timers/promises';
import type { Check } from '../check.js';
import { contractId } from '../contract-id.js';
import { expectShape, expectThat } from '../expect-answer.js';
import { readableQr } from '../qr-text.js';
import { waitUntil } from '../wait-until.js';
import { firstRegistration, nextHeartbeat } from './listening.js';
import { sharedReportChecks } from './shared-report-checks.js';
import { heartbeat, registration, report } from './whatsam-shapes.js';
import type { WhatsamWorker } from './whatsam-worker.js';

const CHECK_TIMEOUT_MS = 10 * 60_000;
/** An answer and a report that left in this order may be read in the other. */
const READING_ORDER_MS = 400;
/** A worker that repeats what was answered 404 does so within this time. */
const REPEAT_WATCH_MS = 5_000;

const registered: Check<WhatsamWorker> = {
  id: 'registration',
  section: 'Registration',
  title: 'the worker registers with fields that this backend takes',
  requires: ['listen'],
  timeoutMs: CHECK_TIMEOUT_MS,
  run: async (worker) => {
    expectShape(await firstRegistration(worker), 'the registration', registration);
  },
};

const beats: Check<WhatsamWorker>[] = [
  {
    id: 'heartbeat',
    section: 'Heartbeat',
    title: 'a heartbeat has sessions[] at its top, and whole numbers for uptime and counts',
    requires: ['listen'],
    after: ['registration'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      expectShape(await nextHeartbeat(worker), 'the heartbeat', heartbeat);
    },
  },
  {
    id: 'heartbeat-sessions',
    section: 'Heartbeat',
    title: 'a started session is in the sessions[] of the heartbeats',
    requires: ['listen'],
    after: ['heartbeat', 'start'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const sessionId = await worker.newSession();
      // The first one may have been made before the session was there.
      await nextHeartbeat(worker);
      const exchange = await nextHeartbeat(worker);
      const { sessions } = expectShape(exchange, 'the heartbeat', heartbeat);
      expectThat(
        sessions.some((session) => session.sessionId === sessionId),
        `session ${sessionId} is not in the heartbeat`,
        exchange,
      );
    },
  },
];

const reports: Check<WhatsamWorker>[] = [
  {
    id: 'report',
    section: 'Reports',
    title: 'a started session is reported as QR_REQUIRED, in fields that this backend takes',
    requires: ['listen'],
    after: ['registration', 'start'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const { backend, patienceMs, scope } = worker;
      const sessionId = await worker.newSession();
      const isQr = (body: unknown): boolean => report.safeParse(body).data?.status === 'QR_REQUIRED';
      const seen = await waitUntil(() => backend.reports(sessionId).find(({ body }) => isQr(body)), {
        timeoutMs: patienceMs,
        signal: scope.signal,
      });
      for (const exchange of backend.reports(sessionId)) expectShape(exchange, 'the report', report);
      expectThat(seen !== undefined, `QR_REQUIRED was not reported within ${patienceMs} ms of start`, backend.reports(sessionId).at(-1));
    },
  },
  {
    id: 'report-qr',
    section: 'Reports',
    title: 'the QR code in a report can be read, as a picture or as its text',
    requires: ['listen'],
    after: ['report'],
    run: async ({ backend }) => {
      const asked = backend.reports().filter((exchange) => expectShape(exchange, 'the report', report).status === 'QR_REQUIRED');
      // A code that was replaced before its report left is none to show.
      const shown = asked.filter((exchange) => expectShape(exchange, 'the report', report).qrCode !== undefined);
      expectThat(shown.length > 0, 'no report of QR_REQUIRED has a qrCode', asked.at(-1));
      for (const exchange of shown) {
        expectThat(readableQr(expectShape(exchange, 'the report', report).qrCode), 'qrCode holds no QR code', exchange);
      }
      return Promise.resolve();
    },
  },
  {
    id: 'report-after-answer',
    section: 'Reports',
    title: 'nothing is reported of a session before its start was answered',
    requires: ['listen'],
    after: ['report'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const { backend, patienceMs, scope } = worker;
      const sessionId = contractId();
      const { endedAt } = await worker.start(sessionId);
      const first = await waitUntil(() => backend.reports(sessionId)[0], { timeoutMs: patienceMs, signal: scope.signal });
      expectThat(first !== undefined, 'the session was not reported at all');
      const early = endedAt - (first?.startedAt ?? endedAt);
      expectThat(early <= READING_ORDER_MS, `a report came ${early} ms before start was answered`, first);
    },
  },
  {
    id: 'report-404',
    section: 'Reports',
    title: 'a report that is answered 404 is not sent again',
    requires: ['listen'],
    after: ['report'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const { backend, patienceMs, scope } = worker;
      const sessionId = await worker.beginSession((id) => {
        backend.refuseReports(id, 404, Number.POSITIVE_INFINITY);
      });
      await waitUntil(() => backend.reports(sessionId)[0], { timeoutMs: patienceMs, signal: scope.signal });
      await sleep(Math.min(patienceMs, REPEAT_WATCH_MS), undefined, { signal: scope.signal });
      const seen = new Set<string>();
      for (const exchange of backend.reports(sessionId)) {
        expectThat(!seen.has(exchange.requestText), 'a report that was answered 404 came again', exchange);
        seen.add(exchange.requestText);
      }
    },
  },
];

/** What a worker of the whatsam dialect tells its backend. */
export const whatsamReportChecks: readonly Check<WhatsamWorker>[] = [
  registered,
  ...sharedReportChecks.registration,
  ...beats,
  ...sharedReportChecks.heartbeat,
  ...reports,
  ...sharedReportChecks.report,
];
