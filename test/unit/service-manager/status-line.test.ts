import { expect, it } from 'vitest';
import { statusFigures, statusLine, type StatusFigures } from '../../../supervisor/service-manager/status-line.js';
import { createMemoryWorker } from '../http/memory-worker.js';

const ALONE: StatusFigures = {
  phase: 'serving',
  sessions: 40,
  connected: 38,
  runnersReady: 2,
  runners: 2,
  sendsWaiting: 0,
  ramp: undefined,
  breaker: undefined,
  objectStore: undefined,
  diskFailing: false,
  backend: undefined,
};

it.each<[Partial<StatusFigures>, string]>([
  [{}, '38 of 40 sessions connected; 2 runners; 0 sends waiting'],
  [{ runnersReady: 1, sendsWaiting: 3 }, '38 of 40 sessions connected; 1 of 2 runners ready; 3 sends waiting'],
  [
    { objectStore: { state: 'degraded', lagMs: 61_400 }, backend: 'unreachable' },
    '38 of 40 sessions connected; 2 runners; 0 sends waiting; object store degraded, 61 s behind; backend: unreachable',
  ],
  [{ ramp: { left: 12, seconds: 3 } }, '38 of 40 sessions connected; 12 to be connected again, at least 3 s; 2 runners; 0 sends waiting'],
  [{ breaker: 'transient' }, '38 of 40 sessions connected; connects are held back: transient; 2 runners; 0 sends waiting'],
  [{ diskFailing: true }, '38 of 40 sessions connected; 2 runners; 0 sends waiting; the disk cannot be written'],
  [{ phase: 'restoring' }, 'getting the sessions back from the object store'],
])('the status line says how things stand (%#)', (changes, expected) => {
  expect(statusLine({ ...ALONE, ...changes })).toBe(expected);
});

it('the figures are those of the worker', async () => {
  const worker = createMemoryWorker();
  await worker.sessions.create({ sessionId: 'alice' });
  await worker.sessions.create({ sessionId: 'bob' });
  worker.set('alice', 'connected', 'opened');
  const runner = {
    ...{ incarnation: 1, pid: 1, sessions: 1, startedAt: 1, restarts: 0, beat: undefined, lastExit: undefined },
    ...{ quarantined: false, nextStartInMs: undefined },
  };
  worker.runnerViews = [
    { ...runner, slot: 0, state: 'ready' },
    { ...runner, slot: 1, state: 'backoff' },
    { ...runner, slot: 2, state: 'idle' },
  ];
  worker.connects = {
    ramp: { sessions: 20, waiting: 4, connecting: 2, secondsLeft: 1 },
    breaker: { reason: 'transient', since: 1, failing: 6, of: 20 },
  };
  expect(statusFigures(worker)).toMatchObject({
    ...{ phase: 'serving', connected: 1, runnersReady: 1, runners: 2 },
    ...{ ramp: { left: 6, seconds: 1 }, breaker: 'transient' },
  });
});
