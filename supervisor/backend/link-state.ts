// How the worker stands with its backend, what it does next and when: pure, times are given.
import { backoffDelay } from '../../shared/backoff.js';

/** The two calls by which a backend knows its worker. */
export type Step = 'register' | 'heartbeat';

/** What came of a step. */
export type StepOutcome =
  | { kind: 'taken' }
  /** The backend answers and says no; another try will hardly be answered otherwise. */
  | { kind: 'refused'; status: number; sentence: string }
  /** A heartbeat of a worker the backend does not know. */
  | { kind: 'unknown' }
  | { kind: 'failed'; sentence: string; retryAfterMs: number | undefined };

export interface LinkState {
  condition: 'registering' | 'registered' | 'refused' | 'unreachable';
  /** What is wrong and what to do; undefined while nothing is. */
  sentence: string | undefined;
  /** Of the refusal. */
  status: number | undefined;
  /** When it is due, in milliseconds of a monotonic clock. */
  next: { step: Step; at: number };
  /** Steps in a row that were not taken. */
  failures: number;
  /** Registrations taken one soon after the other. */
  registrations: number;
  lastRegistrationAt: number | undefined;
  /** Start of the last heartbeat that was taken, in Unix milliseconds. */
  lastHeartbeat: number | undefined;
}

export interface LinkTurn {
  state: LinkState;
  /** The backend may have forgotten what it was told of the sessions, or have given them up, and takes reports now. */
  mayHaveForgotten: boolean;
}

/** After this much silence backends take a worker for dead. */
const OUTAGE_MS = 120_000;
/** Registrations further apart than this have nothing to do with each other. */
const CALM_MS = 120_000;
const BACKOFF = { baseMs: 1_000, maxMs: 60_000 };
/** A backend that wants a longer rest would take this worker for dead meanwhile. */
const MAX_RETRY_AFTER_MS = 300_000;

export const initialLink = (now: number): LinkState => ({
  condition: 'registering',
  sentence: undefined,
  status: undefined,
  next: { step: 'register', at: now },
  failures: 0,
  registrations: 0,
  lastRegistrationAt: undefined,
  lastHeartbeat: undefined,
});

export interface Moment {
  /** When the step began, in milliseconds of the monotonic clock. */
  begun: number;
  /** When it ended. */
  now: number;
  /** When it began, in Unix milliseconds. */
  wall: number;
  intervalMs: number;
  /** In [0, 1). */
  random: number;
}

/** The state after a step. */
export const afterStep = (state: LinkState, outcome: StepOutcome, moment: Moment): LinkTurn =>
  state.next.step === 'register' ? afterRegister(state, outcome, moment) : afterHeartbeat(state, outcome, moment);

/** Somebody noticed that the backend does not know this worker; no sooner than the registrations before allow. */
export const wantRegistration = (state: LinkState, now: number, random: number): LinkState =>
  state.next.step === 'register'
    ? state
    : {
        ...state,
        // What was wrong before still is, until the backend says otherwise.
        condition: state.condition === 'registered' ? 'registering' : state.condition,
        next: { step: 'register', at: Math.max(now, registrationDue(state, now, random)) },
      };

const afterRegister = (state: LinkState, outcome: StepOutcome, { begun, now, random }: Moment): LinkTurn => {
  if (outcome.kind === 'taken') {
    const soon = state.lastRegistrationAt !== undefined && begun - state.lastRegistrationAt < CALM_MS;
    return {
      state: {
        ...state,
        ...{ condition: 'registered', sentence: undefined, status: undefined },
        next: { step: 'heartbeat', at: now },
        failures: 0,
        registrations: soon ? state.registrations + 1 : 1,
        lastRegistrationAt: begun,
      },
      // The first one, too: nobody knows how long this worker was away before its start.
      mayHaveForgotten: true,
    };
  }
  const at = begun + Math.max(backoffDelay(state.failures, BACKOFF, random), restOf(outcome));
  return { state: { ...notTaken(state, outcome), next: { step: 'register', at } }, mayHaveForgotten: false };
};

const afterHeartbeat = (state: LinkState, outcome: StepOutcome, { begun, now, wall, intervalMs, random }: Moment): LinkTurn => {
  const silence = state.lastHeartbeat === undefined ? 0 : wall - state.lastHeartbeat;
  switch (outcome.kind) {
    case 'taken':
      return {
        state: {
          ...state,
          ...{ condition: 'registered', sentence: undefined, status: undefined },
          next: { step: 'heartbeat', at: begun + intervalMs },
          failures: 0,
          lastHeartbeat: wall,
        },
        // A long interval alone is no outage; a machine that slept is.
        mayHaveForgotten: silence > OUTAGE_MS && silence > 1.5 * intervalMs,
      };
    case 'unknown':
      return { state: wantRegistration(state, now, random), mayHaveForgotten: false };
    case 'refused':
    case 'failed': {
      const pause = outcome.kind === 'refused' ? backoffDelay(state.failures, BACKOFF, random) : restOf(outcome);
      const at = begun + Math.max(intervalMs, pause);
      return { state: { ...notTaken(state, outcome), next: { step: 'heartbeat', at } }, mayHaveForgotten: false };
    }
  }
};

const notTaken = (state: LinkState, outcome: Exclude<StepOutcome, { kind: 'taken' }>): LinkState => ({
  ...state,
  failures: state.failures + 1,
  ...(outcome.kind === 'refused'
    ? { condition: 'refused', sentence: outcome.sentence, status: outcome.status }
    : { condition: 'unreachable', sentence: outcome.kind === 'failed' ? outcome.sentence : undefined, status: undefined }),
});

/** The first registration after a taken one may follow at once; more of them keep growing distances. */
const registrationDue = ({ registrations, lastRegistrationAt }: LinkState, now: number, random: number): number =>
  lastRegistrationAt === undefined || registrations <= 1 ? now : lastRegistrationAt + backoffDelay(registrations - 2, BACKOFF, random);

const restOf = (outcome: StepOutcome): number => (outcome.kind === 'failed' ? Math.min(MAX_RETRY_AFTER_MS, outcome.retryAfterMs ?? 0) : 0);
