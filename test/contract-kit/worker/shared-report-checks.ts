import { z } from 'zod';
import type { Check } from '../check.js';
import type { Exchange } from '../exchange.js';
import { expectShape, expectThat } from '../expect-answer.js';
import { text } from '../formats.js';
import { waitUntil } from '../wait-until.js';
import { nextHeartbeat, type Listening } from './listening.js';

/** Longest of a check that waits for heartbeats or reports; each of its waits is bounded by heartbeat and patience. */
const CHECK_TIMEOUT_MS = 10 * 60_000;

const anyReport = z.looseObject({ sessionId: text, status: text });

const registration: Check<Listening>[] = [
  {
    id: 'registration-token',
    section: 'Worker Registration',
    title: 'the registration carries the worker token',
    requires: ['listen', 'token'],
    after: ['registration'],
    run: async (worker) => {
      for (const { exchange } of worker.backend.registrations) expectToken(worker, exchange, 'the registration');
      return Promise.resolve();
    },
  },
  {
    id: 'registration-listening',
    section: 'Startup Sequence',
    title: 'the worker answers /health when it registers, also under the endpoint it registers',
    requires: ['listen'],
    after: ['registration'],
    run: async ({ backend }) => {
      for (const { exchange, listening, endpointAnswers } of backend.registrations) {
        expectThat(listening, 'the worker did not answer /health when it registered', exchange);
        expectThat(endpointAnswers, 'the registered endpoint does not answer /health from here', exchange);
      }
      return Promise.resolve();
    },
  },
];

const heartbeat: Check<Listening>[] = [
  {
    id: 'heartbeat-token',
    section: 'Heartbeat',
    title: 'heartbeats carry the worker token',
    requires: ['listen', 'token'],
    after: ['heartbeat'],
    run: async (worker) => {
      for (const exchange of worker.backend.heartbeats) expectToken(worker, exchange, 'the heartbeat');
      return Promise.resolve();
    },
  },
  {
    id: 'heartbeat-interval',
    section: 'Heartbeat',
    title: 'heartbeats come at the expected interval',
    requires: ['listen'],
    after: ['heartbeat'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const seen: Exchange[] = [];
      for (let n = 0; n < 4; n++) seen.push(await nextHeartbeat(worker));
      const gaps = seen.slice(1).map((exchange, index) => exchange.startedAt - (seen[index]?.startedAt ?? 0));
      const expected = worker.heartbeatMs;
      // One that was held up, on its way or while the kit itself did not run, makes one gap long and one short: the one between them stays.
      const middle = gaps.toSorted((one, other) => one - other)[1] ?? Infinity;
      expectThat(middle <= expected * 1.5 + 1_000, `two heartbeats are ${middle} ms apart instead of ${expected}`, seen.at(-1));
      // One that was late makes the next gap short; their mean stays.
      const mean = gaps.reduce((left, gap) => left + gap, 0) / gaps.length;
      expectThat(mean >= expected * 0.5, `heartbeats are ${mean} ms apart on average instead of ${expected}`, seen.at(-1));
    },
  },
  {
    id: 'heartbeat-404',
    section: 'Heartbeat',
    title: 'a worker whose heartbeat is answered 404 registers again',
    requires: ['listen'],
    after: ['heartbeat'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async ({ backend, heartbeatMs, patienceMs, scope }) => {
      const before = backend.registrations.length;
      backend.forgetWorker();
      const timeoutMs = 2 * heartbeatMs + patienceMs;
      const again = await waitUntil(() => backend.registrations[before], { timeoutMs, signal: scope.signal });
      expectThat(again !== undefined, `no registration came within ${timeoutMs} ms of heartbeats answered 404`);
    },
  },
];

const report: Check<Listening>[] = [
  {
    id: 'report-token',
    section: 'Session Status Updates',
    title: 'reports carry the worker token',
    requires: ['listen', 'token'],
    after: ['report'],
    run: async (worker) => {
      for (const exchange of worker.backend.reports()) expectToken(worker, exchange, 'the report');
      return Promise.resolve();
    },
  },
  {
    id: 'report-503',
    section: 'Session Status Updates',
    title: 'a report that is answered 503 comes again',
    requires: ['listen'],
    after: ['report'],
    timeoutMs: CHECK_TIMEOUT_MS,
    run: async (worker) => {
      const sessionId = await worker.beginSession((id) => {
        worker.backend.refuseReports(id, 503);
      });
      const refused = await waitUntil(() => worker.backend.reports(sessionId)[0], {
        timeoutMs: worker.patienceMs,
        signal: worker.scope.signal,
      });
      expectThat(refused !== undefined, 'the session was not reported at all');
      if (!refused) return;
      const { status } = expectShape(refused, 'the report', anyReport);
      const again = await waitUntil(
        () =>
          worker.backend.reports(sessionId).find((one) => one !== refused && expectShape(one, 'the report', anyReport).status === status),
        { timeoutMs: worker.patienceMs, signal: worker.scope.signal },
      );
      expectThat(
        again !== undefined,
        `the report of ${status} that was answered 503 did not come again within ${worker.patienceMs} ms`,
        refused,
      );
    },
  },
];

const expectToken = ({ http }: Listening, exchange: Exchange, what: string): void => {
  expectThat(
    exchange.requestHeaders['authorization'] === `Bearer ${http.bearer ?? ''}`,
    `${what} does not carry the worker token`,
    exchange,
  );
};

/** What a worker owes its backend in either dialect; each part follows the dialect's own check of that name. */
export const sharedReportChecks = { registration, heartbeat, report } as const;
