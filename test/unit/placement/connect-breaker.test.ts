import fc from 'fast-check';
import { expect, it } from 'vitest';
import { REASONS, type Reason } from '../../../shared/domain/session.js';
import {
  CLOSED,
  failingOf,
  FAILING_SHARE,
  LEAST_FAILING,
  nextBreaker,
  WINDOW_MS,
  type Breaker,
  type BreakerEvent,
} from '../../../supervisor/placement/connect-breaker.js';

const OURS: Reason[] = ['runner_lost', 'moved', 'disconnect_requested', 'logout_requested', 'qr_expired', 'logged_out', 'replaced'];

const failed = (sessionId: string, at: number, changes: Partial<BreakerEvent & { type: 'failed' }> = {}): BreakerEvent => ({
  ...{ type: 'failed', sessionId, at, reason: 'transient', wanted: 10, givenUp: false, random: 0.5 },
  ...changes,
});
const after = (events: readonly BreakerEvent[], before: Breaker = CLOSED): Breaker => events.reduce(nextBreaker, before);
const fail = (count: number, changes: Partial<BreakerEvent & { type: 'failed' }> = {}): Breaker =>
  after(Array.from({ length: count }, (_, n) => failed(`s${n}`, n, changes)));
const began = (sessionId: string, at: number, random = 0): BreakerEvent => ({ type: 'began', sessionId, at, random });

it('opens when more than 30 % of the sessions fail alike, and at least five of them', () => {
  expect(fail(4).trip).toBeUndefined();
  expect(fail(5).trip).toMatchObject({ reason: 'transient', at: 4 });
  expect(fail(30, { wanted: 100 }).trip).toBeUndefined();
  const open = fail(31, { wanted: 100 });
  expect(open.trip?.notBefore).toBeGreaterThan(31);
  expect(failingOf(open, 'transient', 100)).toEqual({ failing: 31, of: 100 });
});

it('counts a session once, and those that it gave up among all that should be connected', () => {
  expect(after(Array.from({ length: 20 }, (_, n) => failed('same', n))).trip).toBeUndefined();
  expect(fail(5, { reason: 'forbidden', wanted: 12, givenUp: true }).trip).toBeUndefined();
  expect(fail(6, { reason: 'forbidden', wanted: 12, givenUp: true }).trip).toBeDefined();
});

it('takes different failures, failures of long ago, and what is not from outside for no sign', () => {
  const reasons: Reason[] = ['transient', 'bad_session', 'unknown'];
  expect(after(Array.from({ length: 12 }, (_, n) => failed(`s${n}`, n, { reason: reasons[n % 3] ?? 'unknown' }))).trip).toBeUndefined();
  expect(after(Array.from({ length: 10 }, (_, n) => failed(`s${n}`, (n * WINDOW_MS) / 4))).trip).toBeUndefined();
  for (const reason of OURS) expect(fail(10, { reason })).toEqual(CLOSED);
});

it('closes when a session that was let through is open, and not for one that shows a QR code or was under way before', () => {
  const open = after([began('s9', 10)], fail(5));
  expect(after([{ type: 'qr', sessionId: 's9', at: 20, wanted: 10 }], open).trip).toMatchObject({ attempts: 0 });
  expect(after([{ type: 'open', sessionId: 's8', at: 20, wanted: 10 }], open).trip).toBeDefined();
  expect(after([{ type: 'open', sessionId: 's9', at: 20, wanted: 10 }], open)).toEqual(CLOSED);
});

it('closes when too few are left that fail', () => {
  const open = fail(6);
  const left = (sessionId: string): BreakerEvent => ({ type: 'left', sessionId, at: 20, wanted: 9 });
  expect(after([left('s0')], open).trip).toBeDefined();
  expect(after([left('s0'), { type: 'open', sessionId: 's1', at: 20, wanted: 9 }], open)).toEqual(CLOSED);
});

it('names what most of them fail with now', () => {
  const open = fail(5);
  const turned = after(
    Array.from({ length: 5 }, (_, n) => failed(`s${n}`, 100, { reason: 'client_outdated' })),
    open,
  );
  expect(turned.trip).toMatchObject({ reason: 'client_outdated', at: 4 });
});

it('lets ever fewer through, from one in a second or two to one in half a minute to a minute', () => {
  for (const random of [0, 0.999]) {
    let breaker = fail(5, { random });
    const pauses = [Math.round((breaker.trip?.notBefore ?? 0) - 4)];
    for (let n = 0; n < 8; n++) {
      const at = breaker.trip?.notBefore ?? 0;
      breaker = after([began('s0', at, random), failed('s0', at)], breaker);
      pauses.push(Math.round((breaker.trip?.notBefore ?? 0) - at));
    }
    const factor = random === 0 ? 1 : 2;
    const expected = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000, 30_000].map((ms) => ms * factor);
    for (const [n, pause] of pauses.entries()) expect(Math.abs(pause - (expected[n] ?? 0))).toBeLessThan(100);
  }
});

const SESSION = fc.integer({ min: 0, max: 20 }).map((n) => `s${n}`);
const EVENT = fc.record({
  type: fc.constantFrom('failed', 'failed', 'failed', 'open', 'qr', 'left', 'began'),
  sessionId: SESSION,
  reason: fc.constantFrom(...(Object.keys(REASONS) as Reason[]), 'transient', 'transient'),
  wait: fc.nat({ max: 20_000 }),
  wanted: fc.integer({ min: 1, max: 40 }),
  random: fc.double({ min: 0, max: 0.999, noNaN: true }),
  givenUp: fc.boolean(),
});

it('is open only when it was closed and many failed alike a short while ago, and never lets two through at once', () => {
  fc.assert(
    fc.property(fc.array(EVENT, { maxLength: 200, size: 'max' }), (steps) => {
      let breaker = CLOSED;
      let at = 0;
      /** What happened lately, kept in the simplest way. */
      const last = new Map<string, { reason: Reason; at: number }>();
      for (const { wait, ...step } of steps) {
        at += wait;
        // Nothing begins while the breaker says to wait.
        if (step.type === 'began' && at < (breaker.trip?.notBefore ?? 0)) continue;
        const before = breaker;
        breaker = nextBreaker(before, { ...step, at });
        if (step.type === 'failed') last.set(step.sessionId, { reason: step.reason, at });
        else if (step.type !== 'began' && step.type !== 'qr') last.delete(step.sessionId);
        if (!before.trip && breaker.trip) {
          const alike = [...last.values()].filter((failure) => failure.reason === step.reason && at - failure.at < WINDOW_MS);
          expect(step.type).toBe('failed');
          expect(OURS).not.toContain(step.reason);
          expect(alike.length).toBeGreaterThanOrEqual(LEAST_FAILING);
          expect(alike.length).toBeGreaterThan(FAILING_SHARE * step.wanted);
        }
        if (before.trip && !breaker.trip) {
          expect(['open', 'left']).toContain(step.type);
          expect(breaker).toEqual(CLOSED);
        }
        if (breaker.trip) {
          expect(breaker.trip.notBefore - at).toBeLessThanOrEqual(60_000);
          if (step.type === 'began') expect(breaker.trip.notBefore - at).toBeGreaterThanOrEqual(1_000);
        }
      }
    }),
    { numRuns: 200 },
  );
});
