import { expect, it } from 'vitest';
import { RunnersAnswer } from '../../contract/runners-answer.js';
import { closeServersAfterEach, startServer } from './http-fixture.js';
import { FIGURES } from './memory-worker.js';

closeServersAfterEach();

const never = { startedAt: undefined, nextStartInMs: undefined, beat: undefined, pssBytes: undefined, lastExit: undefined };
const lastExit = { verdict: 'oom', code: null, signal: 'SIGABRT', at: 0, stderr: ['heap'] } as const;
const nothing = {
  ...{
    cpuPercent: null,
    rssBytes: null,
    anonymousBytes: null,
    pssBytes: null,
    heapUsedBytes: null,
    heapLimitBytes: null,
    eventLoopDelayP99Ms: null,
  },
  ...{ spoolRecords: null, spoolBytes: null, unhandledRejections: null },
};

it('shows each runner flat, with its last figures and readable times, and null for what there is not', async () => {
  const { call, worker } = await startServer();
  worker.processesView = {
    runners: [
      {
        ...{ ...never, slot: 0, state: 'ready', incarnation: 2, pid: 3, sessions: 4, restarts: 1, quarantined: false, startedAt: 1_000 },
        ...{ beat: { ...FIGURES, sessions: 9, spoolRecords: 1, spoolBytes: 2, unhandledRejections: 0 }, pssBytes: 4_096 },
        lastExit: { ...lastExit, stderr: ['heap'] },
      },
      {
        ...{ ...never, slot: 1, state: 'quarantined', incarnation: 5, pid: undefined, sessions: 0, restarts: 4, quarantined: true },
        nextStartInMs: 60_000,
      },
    ],
    supervisor: { ...FIGURES, pid: 1, pssBytes: undefined },
  };
  const { data } = await call('GET', '/runners');
  expect(RunnersAnswer.parse(data)).toEqual({
    runners: [
      {
        ...{ slot: 0, state: 'ready', incarnation: 2, pid: 3, startedAt: '1970-01-01T00:00:01.000Z', sessions: 4 },
        ...{ ...FIGURES, pssBytes: 4_096, spoolRecords: 1, spoolBytes: 2, unhandledRejections: 0 },
        ...{ restarts: 1, quarantined: false, nextStartInMs: null },
        lastExit: { ...lastExit, at: '1970-01-01T00:00:00.000Z' },
      },
      {
        ...{ slot: 1, state: 'quarantined', incarnation: 5, pid: null, startedAt: null, sessions: 0 },
        ...nothing,
        ...{ restarts: 4, quarantined: true, nextStartInMs: 60_000, lastExit: null },
      },
    ],
    supervisor: { ...FIGURES, pid: 1, pssBytes: null },
  });
});
