// The figures that `systemctl status` shows, in one line.
import type { Worker } from '../worker.js';

export interface StatusFigures {
  /** `restoring`: the sessions are not known yet. */
  phase: 'restoring' | 'serving';
  sessions: number;
  connected: number;
  /** Runner processes that are ready, and all that should run. */
  runnersReady: number;
  runners: number;
  sendsWaiting: number;
  /** Sessions that a start has yet to connect again, and how long that takes at least. */
  ramp: { left: number; seconds: number } | undefined;
  /** What many sessions fail with alike. */
  breaker: string | undefined;
  /** Undefined: the worker's own disk is all there is. */
  objectStore: { state: string; lagMs: number } | undefined;
  /** The worker cannot write to its disk. */
  diskFailing: boolean;
  /** Undefined: the worker stands alone. */
  backend: string | undefined;
}

export type StatusSource = Pick<Worker, 'runners' | 'health' | 'readiness'> & { readonly sessions: Pick<Worker['sessions'], 'list'> };

export const statusFigures = (worker: StatusSource): StatusFigures => {
  const { details, ramp, breaker } = worker.readiness();
  const { storage, backend, sessionCount } = worker.health();
  const phase = details['restoring'] === true ? 'restoring' : 'serving';
  const runners = worker.runners().filter(({ state }) => state !== 'idle');
  return {
    phase,
    sessions: sessionCount,
    connected: phase === 'restoring' ? 0 : worker.sessions.list().filter(({ state }) => state === 'connected').length,
    runnersReady: runners.filter(({ state }) => state === 'ready').length,
    runners: runners.length,
    sendsWaiting: Number(details['sendsWaiting'] ?? 0),
    ramp: ramp && { left: ramp.waiting + ramp.connecting, seconds: ramp.secondsLeft },
    breaker: breaker?.reason,
    objectStore: storage.mode === 'object-store' ? { state: storage.state, lagMs: storage.lagMs } : undefined,
    diskFailing: storage.state === 'failing',
    backend: backend?.state,
  };
};

export const statusLine = (figures: StatusFigures): string => {
  const { phase, sessions, connected, runnersReady, runners, sendsWaiting, ramp, breaker, objectStore, diskFailing, backend } = figures;
  if (phase === 'restoring') return 'getting the sessions back from the object store';
  return [
    `${connected} of ${sessions} sessions connected`,
    ramp && `${ramp.left} to be connected again, at least ${ramp.seconds} s`,
    breaker !== undefined && `connects are held back: ${breaker}`,
    runnersReady === runners ? `${runners} runners` : `${runnersReady} of ${runners} runners ready`,
    `${sendsWaiting} sends waiting`,
    diskFailing && 'the disk cannot be written',
    objectStore && `object store ${objectStore.state}, ${Math.round(objectStore.lagMs / 1_000)} s behind`,
    backend !== undefined && `backend: ${backend}`,
  ]
    .filter((part) => typeof part === 'string')
    .join('; ');
};
