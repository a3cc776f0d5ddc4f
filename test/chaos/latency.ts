// How long sends took during faults, compared with calm. Pure.
import type { Answered } from '../support/ledger/traffic.js';
import type { FaultKind } from './faults.js';
import type { Strike } from './strike.js';

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

/**
 * Milliseconds of the sends during faults of a kind, of sessions that no fault had hit just then: one that was hit before may still wait
 * for that, whatever comes next.
 */
export const timesBeside = (answered: readonly Answered[], strikes: readonly Strike[], kind: FaultKind): number[] =>
  answered
    .filter((one) => strikes.some((strike) => strike.kind === kind && overlaps(one, strike, 0)))
    .filter((one) => !strikes.some((strike) => strike.hit.has(one.sessionId) && overlaps(one, strike, AFTERMATH_MS)))
    .map(({ tookMs }) => tookMs);
