// Which sessions are suspected of crashing their runners, and what becomes of them. Pure; times are Unix milliseconds.
import type { SessionState } from '../../shared/domain/session.js';
import type { InFlight, Operation } from '../../shared/in-flight-file.js';
import type { Verdict } from '../fleet/exit-verdict.js';

/** The end of a runner that a session may be to blame for. */
export interface Death {
  at: number;
  slot: number;
  /** What was under way for the session; `idle` only where it was alone. */
  operation: Operation | 'idle';
  verdict: 'crash' | 'oom';
}

/** What a session's row keeps. */
export interface Suspect {
  /** The oldest first. */
  deaths: readonly Death[];
  /** It is opened in a runner of its own, and in no other. */
  isolated: boolean;
}

export const SUSPECT_LIMITS = {
  /** Two deaths further apart are a coincidence. */
  windowMs: 10 * 60_000,
  deathsToIsolate: 2,
  deathsKept: 5,
  /** Connected for so long in a runner of its own, a session is harmless. */
  clearAfterMs: 10 * 60_000,
} as const;

/** Of several operations under way, the one that says most. */
const TELLING: readonly Operation[] = ['decrypt', 'send', 'connect'];

/**
 * The deaths that the end of a runner is for its sessions; none when it was ended from outside, politely or by its configuration.
 * @param alone whether the runner holds one session only: then it is to blame whatever was under way
 */
export const deathsOf = (
  marks: readonly InFlight[],
  { verdict, ...end }: { at: number; slot: number; verdict: Verdict },
  alone: boolean,
): { sessionId: string; death: Death }[] => {
  if (verdict !== 'crash' && verdict !== 'oom') return [];
  return marks.flatMap(({ sessionId, operations }) => {
    const operation = TELLING.find((name) => operations.includes(name)) ?? (alone ? 'idle' : undefined);
    return operation === undefined ? [] : [{ sessionId, death: { ...end, operation, verdict } }];
  });
};

/** `watch`: it is opened last, by itself. `isolate`: it gets a runner of its own. `give_up`: it is not opened before somebody asks. */
export type Consequence = 'watch' | 'isolate' | 'give_up';

/** @param alone whether the runner that died was the session's own */
export const afterDeath = (before: Suspect | undefined, death: Death, alone: boolean): { suspect: Suspect; consequence: Consequence } => {
  const deaths = [...(before?.deaths ?? []), death].slice(-SUSPECT_LIMITS.deathsKept);
  const recent = deaths.filter(({ at }) => death.at - at < SUSPECT_LIMITS.windowMs).length;
  if (before?.isolated && alone) return { suspect: { deaths, isolated: true }, consequence: 'give_up' };
  const isolated = before?.isolated === true || recent >= SUSPECT_LIMITS.deathsToIsolate;
  return { suspect: { deaths, isolated }, consequence: isolated ? 'isolate' : 'watch' };
};

export interface Circumstances {
  suspect?: Suspect | undefined;
  state: SessionState;
  /** When the state was entered. */
  since: number;
  /** Whether it should be connected. */
  wanted: boolean;
  /** Whether its home is a slot for one session only. */
  alone: boolean;
}

/** `clear`: nothing is held against the session any more. `leave`: it goes, to a slot it shares, and makes room for another suspect. */
export const review = ({ suspect, state, since, wanted, alone }: Circumstances, now: number): 'clear' | 'leave' | undefined => {
  if (!suspect) return alone ? 'leave' : undefined;
  if (!suspect.isolated) {
    const last = suspect.deaths.at(-1);
    return last && now - last.at < SUSPECT_LIMITS.windowMs ? undefined : 'clear';
  }
  if (!alone) return undefined;
  if (!wanted) return 'leave';
  return state === 'connected' && now - since >= SUSPECT_LIMITS.clearAfterMs ? 'clear' : undefined;
};
