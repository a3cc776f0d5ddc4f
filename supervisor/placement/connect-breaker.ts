// When many sessions fail alike, the trouble is not theirs: one of them finds out when it is over, and the others wait. Pure.
import { backoffDelay } from '../../shared/backoff.js';
import type { Reason } from '../../shared/domain/session.js';

/** Failures of so long ago do not count any more. */
export const WINDOW_MS = 60_000;
/** So many sessions at least, and more than this share of those that should be connected. */
export const LEAST_FAILING = 5;
export const FAILING_SHARE = 0.3;
/** Jittered down to half of it: 1 to 2 s after the first attempt, up to 30 to 60 s. */
const PAUSE = { baseMs: 2_000, maxMs: 60_000 };

/** What WhatsApp or the way to it can do to many sessions at once; all else is a session's own, somebody's wish or ours. */
const OUTSIDE: ReadonlySet<Reason> = new Set<Reason>([
  'transient',
  'ack_timeout',
  'bad_session',
  'unknown',
  'forbidden',
  'client_outdated',
  'unsupported',
]);

interface Failure {
  reason: Reason;
  at: number;
  /** It counts among those that should be connected although it is given up by now. */
  givenUp: boolean;
}

interface Trip {
  /** What most of them fail with now. */
  reason: Reason;
  /** When it opened, by the clock of the events. */
  at: number;
  /** No connect before. */
  notBefore: number;
  /** Sessions that were let through since. */
  tried: ReadonlySet<string>;
  /** Attempts since the last sign that it may be over. */
  attempts: number;
}

export interface Breaker {
  /** The last failure of each session that has not been connected since. */
  failures: ReadonlyMap<string, Failure>;
  /** Undefined while connects go on as ever. */
  trip: Trip | undefined;
}

/** `at` is milliseconds of a monotonic clock and never falls, `random` a number in [0, 1). */
export type BreakerEvent =
  | { type: 'began'; sessionId: string; at: number; random: number }
  | { type: 'qr' | 'open'; sessionId: string; at: number; wanted: number }
  /** `wanted`: sessions that should be connected; `givenUp`: this one is none of them any more. */
  | { type: 'failed'; sessionId: string; reason: Reason; at: number; wanted: number; givenUp: boolean; random: number }
  /** Nobody wants it connected any more. */
  | { type: 'left'; sessionId: string; at: number; wanted: number };

export const CLOSED: Breaker = { failures: new Map(), trip: undefined };

export const nextBreaker = (before: Breaker, event: BreakerEvent): Breaker => {
  const { failures, trip } = before;
  const { sessionId, at } = event;
  switch (event.type) {
    case 'began': {
      if (!trip) return before;
      const notBefore = at + backoffDelay(trip.attempts, PAUSE, event.random);
      return { failures, trip: { ...trip, notBefore, attempts: trip.attempts + 1, tried: new Set(trip.tried).add(sessionId) } };
    }
    case 'qr':
      // WhatsApp talks to us, but nobody is connected by that.
      return trip?.tried.has(sessionId) ? { failures, trip: { ...trip, attempts: 0 } } : before;
    case 'open':
      if (trip?.tried.has(sessionId)) return CLOSED;
      return closeIfFew(without(before, sessionId), event.wanted);
    case 'left':
      return closeIfFew(without(before, sessionId), event.wanted);
    case 'failed': {
      if (!OUTSIDE.has(event.reason)) return before;
      const recent = [...failures].filter(([id, failure]) => id !== sessionId && (trip || at - failure.at < WINDOW_MS));
      const now = new Map([...recent, [sessionId, { reason: event.reason, at, givenUp: event.givenUp }]]);
      if (!areMany({ failures: now }, event.reason, event.wanted)) return { failures: now, trip };
      return { failures: now, trip: trip ? { ...trip, reason: event.reason } : newTrip(event.reason, at, event.random) };
    }
  }
};

/** How many sessions fail for this reason, and of how many. */
export const failingOf = ({ failures }: Pick<Breaker, 'failures'>, reason: Reason, wanted: number): { failing: number; of: number } => {
  const all = [...failures.values()];
  return { failing: all.filter((failure) => failure.reason === reason).length, of: wanted + all.filter(({ givenUp }) => givenUp).length };
};

const newTrip = (reason: Reason, at: number, random: number): Trip => ({
  ...{ reason, at, attempts: 1, tried: new Set() },
  notBefore: at + backoffDelay(0, PAUSE, random),
});

const areMany = (breaker: Pick<Breaker, 'failures'>, reason: Reason, wanted: number): boolean => {
  const { failing, of } = failingOf(breaker, reason, wanted);
  return failing >= LEAST_FAILING && failing > FAILING_SHARE * of;
};

const without = (breaker: Breaker, sessionId: string): Breaker => {
  if (!breaker.failures.has(sessionId)) return breaker;
  return { ...breaker, failures: new Map([...breaker.failures].filter(([id]) => id !== sessionId)) };
};

/** When too few are left, the others were helped some other way. */
const closeIfFew = (breaker: Breaker, wanted: number): Breaker =>
  breaker.trip && !areMany(breaker, breaker.trip.reason, wanted) ? CLOSED : breaker;
