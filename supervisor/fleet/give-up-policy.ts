// When a supervisor that gets no runner up gives up, so that an outer manager starts it afresh. Pure: times are milliseconds of any one clock.
import type { FleetRunnerView } from './runner-view.js';

export const GIVE_UP_LIMITS = { silentMs: 5 * 60_000, lookEveryMs: 5_000 } as const;

export interface GiveUpLimits {
  /** How long runners may be wanted and tried without one that says hello. */
  silentMs: number;
  /** How often the fleet is meant to be looked at. */
  lookEveryMs: number;
}

export interface HelloWatch {
  readonly lookedAt: number;
  /** How long runners have been wanted and tried in vain. */
  readonly silentMs: number;
}

export type WatchedRunner = Pick<FleetRunnerView, 'state' | 'incarnation' | 'wanted'>;

/** At the start, and when a runner says hello. */
export const startHelloWatch = (at: number): HelloWatch => ({ lookedAt: at, silentMs: 0 });

/** A look that comes late means that this process paused: that time is not held against the runners. */
export const afterLook = (before: HelloWatch, runners: readonly WatchedRunner[], at: number, { lookEveryMs }: GiveUpLimits): HelloWatch => {
  if (runners.some(saidHello) || !runners.some(triedInVain)) return startHelloWatch(at);
  return { lookedAt: at, silentMs: before.silentMs + Math.min(Math.max(0, at - before.lookedAt), lookEveryMs) };
};

export const shouldGiveUp = ({ silentMs }: HelloWatch, limits: GiveUpLimits): boolean => silentMs >= limits.silentMs;

const saidHello = ({ state }: WatchedRunner): boolean => state === 'ready' || state === 'unresponsive' || state === 'draining';

/** One that rests after failing was tried, whatever it said before. */
const triedInVain = ({ wanted, incarnation }: WatchedRunner): boolean => wanted && incarnation > 0;
