import { backoffDelay } from '../../../shared/backoff.js';

/** A report on its way. */
export interface Flight {
  /** Undefined for a QR code that came without a change. */
  seq: number | undefined;
  /** The QR code it carries. */
  qr: string | undefined;
  /** In milliseconds that never step back. */
  leftAt: number;
  /** It tries for all others. */
  probe: boolean;
  /** Its session was deleted meanwhile. */
  dropped: boolean;
}

/** What is known in memory of the reports of one session; the reports themselves stay on disk. Times are milliseconds that never step back. */
export interface Lane {
  readonly sessionId: string;
  /** Ascending; undefined until somebody needs them. */
  seqs: number[] | undefined;
  readonly uncommitted: Set<number>;
  /** Rises when the session is deleted; another one of its name may follow. */
  life: number;
  /** Unix milliseconds of the first unsent change. */
  oldestAt: number | undefined;
  flight: Flight | undefined;
  holds: number;
  /** Not before. */
  dueAt: number;
  endWait: (() => void) | undefined;
  /** In a row. */
  failures: number;
  /** Failures of the first report while others were accepted. */
  strikes: number;
  /** How many reports the backend had accepted of all sessions at the first and at the last failure in a row. */
  acceptedAt: { first: number; last: number } | undefined;
  /** The last QR code that the backend has. */
  toldQr: string | undefined;
  /** When it last tried for all others. */
  probedAt: number;
}

export const newLane = (sessionId: string): Lane => ({
  sessionId,
  seqs: [],
  uncommitted: new Set(),
  life: 0,
  oldestAt: undefined,
  flight: undefined,
  holds: 0,
  dueAt: 0,
  endWait: undefined,
  failures: 0,
  strikes: 0,
  acceptedAt: undefined,
  toldQr: undefined,
  probedAt: -1,
});

/** A report that failed so often while others were accepted is given up. */
const STRIKES = 20;

const PAUSES = {
  failing: { baseMs: 1_000, maxMs: 5 * 60_000 },
  refused: { baseMs: 5_000, maxMs: 5 * 60_000 },
};

/** Whose fault a failure is. */
export interface Blame {
  /** The backend accepted others since this session began to fail. */
  alone: boolean;
  /** It did so since the failure before. */
  lately: boolean;
}

/** @param accepted how many reports the backend has accepted of all sessions */
export const countFailure = (lane: Lane, accepted: number): Blame => {
  const { first = accepted, last = accepted } = lane.acceptedAt ?? {};
  lane.acceptedAt = { first, last: accepted };
  return { alone: accepted > first, lately: accepted > last };
};

/** A failure while others were accepted. @returns whether the first report is to be given up */
export const strike = (lane: Lane): boolean => ++lane.strikes >= STRIKES;

/** Milliseconds until the session is tried again. */
export const lanePause = (lane: Lane, kind: keyof typeof PAUSES, random: number): number =>
  backoffDelay(lane.failures++, PAUSES[kind], random);

/** Nothing is held against the session any more. */
export const forgive = (lane: Lane): void => {
  lane.failures = 0;
  lane.strikes = 0;
  lane.acceptedAt = undefined;
  lane.dueAt = 0;
};

/** The session that tries for all: the one that did so longest ago, the first in turn among equals. */
export const probeOf = (lanes: Iterable<Lane>): Lane | undefined => {
  let chosen: Lane | undefined;
  for (const lane of lanes) if (!chosen || lane.probedAt < chosen.probedAt) chosen = lane;
  return chosen;
};
