import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WATCHDOG_LIMITS, afterBeat, check, startWatch, type Liveness } from '../../../supervisor/fleet/watchdog.js';

const EVERY = WATCHDOG_LIMITS.checkEveryMs;

/** Checks on time for `ms` without a beat. */
const silentFor = (ms: number): Liveness[] => {
  let watch = startWatch(0);
  const seen: Liveness[] = [];
  for (let now = EVERY; now <= ms; now += EVERY) {
    watch = check(watch, now, WATCHDOG_LIMITS);
    seen.push(watch.liveness);
  }
  return seen;
};

describe('the watchdog', () => {
  it('warns after 6 s of silence, terminates after 10 s and kills a second later', () => {
    const seen = silentFor(14_000);
    expect(['ok', 'warn', 'term', 'kill'].map((step) => (seen.indexOf(step as Liveness) + 1) * EVERY)).toEqual([
      1_000, 6_000, 10_000, 11_000,
    ]);
  });

  it('is content again with one beat', () => {
    let watch = startWatch(0);
    for (let now = EVERY; now <= 11_000; now += EVERY) watch = check(watch, now, WATCHDOG_LIMITS);
    watch = afterBeat(watch, 11_500);
    expect(watch.liveness).toBe('ok');
    expect(check(watch, 12_000, WATCHDOG_LIMITS).liveness).toBe('ok');
  });

  it('does not blame a runner for a pause of the supervisor', () => {
    const paused = check(check(startWatch(0), 1_000, WATCHDOG_LIMITS), 3_600_000, WATCHDOG_LIMITS);
    expect(paused.liveness).toBe('ok');
    expect(check(paused, 3_601_000, WATCHDOG_LIMITS).liveness).toBe('ok');
  });

  it('never condemns one that beats in time, however late the checks come', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ beat: fc.boolean(), gapMs: fc.integer({ min: 0, max: 100_000 }) }), { maxLength: 100 }), (steps) => {
        let now = 0;
        let watch = startWatch(now);
        let onTimeSinceBeat = 0;
        for (const { beat, gapMs } of steps) {
          if (beat) {
            watch = afterBeat(watch, now);
            onTimeSinceBeat = 0;
          }
          now += gapMs;
          watch = check(watch, now, WATCHDOG_LIMITS);
          onTimeSinceBeat += Math.min(gapMs, EVERY);
          if (onTimeSinceBeat < WATCHDOG_LIMITS.unresponsiveAfterMs) expect(['ok', 'warn']).toContain(watch.liveness);
          else expect(['term', 'kill']).toContain(watch.liveness);
        }
      }),
    );
  });
});
