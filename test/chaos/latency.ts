// How long sends took during faults, compared with calm. Pure.
import type { Answered } from '../support/ledger/traffic.js';
import type { FaultKind } from './faults.js';
import type { Strike } from './strike.js';

/** The p99 of fewer sends is the longest of them, or the one before: it says more about their number than about the fault. */
export const FEW_SENDS = 200;
/** Catching up with what was missed goes on a little when all are connected again. */
const AFTERMATH_MS = 1_000;

/** Nearest rank: of 100 values or fewer the largest but one at most. Undefined of none. */
export const p99 = (values: readonly number[]): number | undefined =>
  values.toSorted((a, b) => a - b)[Math.max(0, Math.ceil(values.length * 0.99) - 1)];

const overlaps = ({ startedAt, tookMs }: Answered, { at, backAt }: Strike, afterMs: number): boolean =>
  startedAt <= backAt + afterMs && startedAt + tookMs >= at;

/** Milliseconds of the sends that met no fault. */
export const calmTimes = (answered: readonly Answered[], strikes: readonly Strike[]): number[] =>
  answered.filter((one) => !strikes.some((strike) => overlaps(one, strike, AFTERMATH_MS))).map(({ tookMs }) => tookMs);

const hits = (one: Answered, strike: Strike): boolean => strike.hit.has(one.sessionId) && overlaps(one, strike, AFTERMATH_MS);

/**
 * Milliseconds of the sends during faults of a kind, of sessions that no fault had hit just then: one that was hit before may still wait
 * for that, whatever comes next. How many those are says `leftOver`.
 */
export const timesBeside = (answered: readonly Answered[], strikes: readonly Strike[], kind: FaultKind): number[] =>
  answered
    .filter((one) => strikes.some((strike) => strike.kind === kind && overlaps(one, strike, 0)))
    .filter((one) => !strikes.some((strike) => hits(one, strike)))
    .map(({ tookMs }) => tookMs);

/** Sends of sessions that one fault had hit and that had no answer when another one came to somebody else. */
export const leftOver = (answered: readonly Answered[], strikes: readonly Strike[]): number =>
  answered.filter((one) => {
    const met = strikes.filter((strike) => overlaps(one, strike, 0));
    return met.some((strike) => !strike.hit.has(one.sessionId)) && strikes.some((strike) => hits(one, strike));
  }).length;

export interface Pooled<T> {
  /** Those of a kind that are enough to have a p99, and in the end all others together. */
  kinds: readonly T[];
  times: readonly number[];
}

/** Puts kinds with few sends together, so that each p99 is one of many. */
export const pooled = <T>(kinds: readonly { kind: T; times: readonly number[] }[]): Pooled<T>[] => {
  const few = kinds.filter(({ times }) => times.length < FEW_SENDS);
  const many = kinds.filter(({ times }) => times.length >= FEW_SENDS).map(({ kind, times }) => ({ kinds: [kind], times }));
  const together = few.flatMap(({ times }) => times);
  return together.length === 0 ? many : [...many, { kinds: few.map(({ kind }) => kind), times: together }];
};
