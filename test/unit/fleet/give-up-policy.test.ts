import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  afterLook,
  GIVE_UP_LIMITS,
  shouldGiveUp,
  startHelloWatch,
  type HelloWatch,
  type WatchedRunner,
} from '../../../supervisor/fleet/give-up-policy.js';
import type { SlotState } from '../../../supervisor/fleet/runner-view.js';

const { silentMs, lookEveryMs } = GIVE_UP_LIMITS;
const failing: WatchedRunner = { state: 'backoff', incarnation: 3, wanted: true };

/** Whether these runners, looked at in the usual rhythm for `ms`, make it give up. */
const givesUpAfter = (ms: number, runners: readonly WatchedRunner[], before = startHelloWatch(0)): boolean => {
  let watch = before;
  for (let at = before.lookedAt + lookEveryMs; at <= ms; at += lookEveryMs) watch = afterLook(watch, runners, at, GIVE_UP_LIMITS);
  return shouldGiveUp(watch, GIVE_UP_LIMITS);
};

it.each<[string, WatchedRunner[], boolean]>([
  ['there is no runner', [], false],
  ['one waits to be started again', [failing], true],
  ['one is starting', [{ ...failing, state: 'starting' }], true],
  ['one refused its configuration', [{ ...failing, state: 'idle' }], true],
  ['all rest after failing', [0, 1, 2].map(() => ({ ...failing, state: 'quarantined' as const })), true],
  ['none is wanted', [{ ...failing, wanted: false }], false],
  ['none was tried', [{ ...failing, incarnation: 0 }], false],
  ['another one is ready', [failing, { ...failing, state: 'ready' }], false],
  ['the ready one is wanted by nobody', [failing, { ...failing, state: 'ready', wanted: false }], false],
  ['another one is silent at the moment', [failing, { ...failing, state: 'unresponsive' }], false],
])('decides when %s', (_name, runners, givesUp) => {
  expect(givesUpAfter(silentMs, runners)).toBe(givesUp);
  expect(givesUpAfter(silentMs - lookEveryMs, runners)).toBe(false);
});

it('begins anew when a runner was there, or none was wanted, for a moment', () => {
  for (const moment of [
    { ...failing, state: 'ready' as const },
    { ...failing, wanted: false },
  ]) {
    const almost: HelloWatch = { lookedAt: 0, silentMs: silentMs - 1 };
    const after = afterLook(almost, [moment], lookEveryMs, GIVE_UP_LIMITS);
    expect(givesUpAfter(silentMs, [failing], after)).toBe(false);
    expect(givesUpAfter(silentMs + lookEveryMs, [failing], after)).toBe(true);
  }
});

it('takes a pause of its own process for one look, however long it was', () => {
  expect(afterLook(startHelloWatch(0), [failing], 24 * 3_600_000, GIVE_UP_LIMITS)).toEqual({
    lookedAt: 24 * 3_600_000,
    silentMs: lookEveryMs,
  });
});

it('never gives up within the time since a runner was there, nor earlier than its looks add up to', () => {
  const state = fc.constantFrom<SlotState>('starting', 'ready', 'unresponsive', 'draining', 'backoff', 'quarantined', 'idle');
  const runner = fc.record({ state, incarnation: fc.nat(3), wanted: fc.boolean() });
  const look = fc.record({ afterMs: fc.nat(60_000), runners: fc.array(fc.oneof(runner, fc.constant(failing)), { maxLength: 3 }) });
  fc.assert(
    fc.property(fc.array(look, { maxLength: 200 }), (looks) => {
      let watch = startHelloWatch(0);
      let at = 0;
      let fineAt = 0;
      for (const { afterMs, runners } of looks) {
        at += afterMs;
        watch = afterLook(watch, runners, at, GIVE_UP_LIMITS);
        if (runners.some(({ state }) => state === 'ready') || runners.every(({ wanted }) => !wanted)) fineAt = at;
        if (fineAt === at) expect(watch.silentMs).toBe(0);
        expect(watch.silentMs).toBeLessThanOrEqual(at - fineAt);
        if (at - fineAt < silentMs) expect(shouldGiveUp(watch, GIVE_UP_LIMITS)).toBe(false);
      }
    }),
  );
});
