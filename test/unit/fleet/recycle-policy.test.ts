import fc from 'fast-check';
import { expect, it } from 'vitest';
import { afterBeat, dueForRecycle, RECYCLE_LIMITS, type Growth, type RecycleCandidate } from '../../../supervisor/fleet/recycle-policy.js';

const LIMIT = 400;
const { beats, pauseMs, minAgeMs } = RECYCLE_LIMITS;

/** A runner of that age that was above the limit for its last `above` beats. */
const runner = (slot: number, above: number, changes: Partial<RecycleCandidate> = {}, since = 0): RecycleCandidate => ({
  ...{ slot, state: 'ready', incarnation: 1, quarantined: false, growth: { incarnation: 1, since, above } },
  ...changes,
});

it('counts beats above the limit in a row, anew for each incarnation', () => {
  let growth: Growth | undefined;
  const beat = (anonymousBytes: number, incarnation = 1) =>
    (growth = afterBeat(growth, { incarnation, anonymousBytes, at: 7 }, LIMIT)).above;
  expect([beat(401), beat(500), beat(400), beat(401), beat(401, 2)]).toEqual([1, 2, 0, 1, 1]);
});

it.each<[string, RecycleCandidate[], number | undefined]>([
  ['nothing has grown', [runner(0, 0)], undefined],
  ['it has not lasted', [runner(0, beats - 1)], undefined],
  ['it has lasted', [runner(0, beats)], 0],
  ['it is young', [runner(0, beats, {}, 1)], undefined],
  ['two have grown: the older one', [runner(0, beats, {}, -1), runner(1, beats, {}, -2)], 1],
  ['another one is starting', [runner(0, beats), runner(1, 0, { state: 'starting' })], undefined],
  ['another one is silent', [runner(0, beats), runner(1, 0, { state: 'unresponsive' })], undefined],
  ['another one rests', [runner(0, beats), runner(1, 0, { state: 'backoff', quarantined: true })], undefined],
  ['another slot is empty', [runner(0, beats), runner(1, 0, { state: 'idle', growth: undefined })], 0],
  ['what has grown was its predecessor', [runner(0, beats, { incarnation: 2 })], undefined],
])('decides when %s', (_name, runners, slot) => {
  expect(dueForRecycle(runners, minAgeMs, undefined)).toBe(slot);
});

it('keeps a pause after the last one', () => {
  const at = 10 * minAgeMs;
  expect(dueForRecycle([runner(0, beats)], at, at - pauseMs + 1)).toBeUndefined();
  expect(dueForRecycle([runner(0, beats)], at, at - pauseMs)).toBe(0);
});

it('never recycles a runner whose memory comes back below the limit every now and then', () => {
  const rss = fc.array(fc.integer({ min: 300, max: 500 }), { maxLength: 200 });
  fc.assert(
    fc.property(rss, (values) => {
      let growth: Growth | undefined;
      for (const [n, anonymousBytes] of values.entries()) {
        const calm = n % (beats - 1) === 0;
        growth = afterBeat(growth, { incarnation: 1, anonymousBytes: calm ? LIMIT : anonymousBytes, at: 0 }, LIMIT);
        expect(dueForRecycle([runner(0, 0, { growth })], minAgeMs, undefined)).toBeUndefined();
      }
    }),
  );
});
