import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { BackendAnswer } from '../../../../supervisor/backend/backend-request.js';
import { Breaker } from '../../../../supervisor/delivery/breaker.js';
import { replacedByLatest } from '../../../../supervisor/backend/reports/collapse.js';
import { countFailure, lanePause, newLane, probeOf, strike } from '../../../../supervisor/backend/reports/lane.js';
import { newQr, qrFor } from '../../../../supervisor/backend/reports/qr-reports.js';
import { RefusalStreak } from '../../../../supervisor/backend/reports/refusal-streak.js';
import { verdictOf } from '../../../../supervisor/backend/reports/verdict.js';

const refused = (status: number): BackendAnswer => ({ kind: 'refused', status, sentence: 'no', body: {} });
const failed = (status: number | undefined, retryAfterMs?: number): BackendAnswer => ({
  kind: 'failed',
  status,
  sentence: 'no',
  retryAfterMs,
});

it.each<[string, BackendAnswer, object]>([
  ['a 2xx is accepted', { kind: 'accepted', status: 201, body: {} }, { is: 'accepted' }],
  ...[400, 404, 405, 409, 410, 413, 415, 422].map((status): [string, BackendAnswer, object] => [
    `${status} is final`,
    refused(status),
    { is: 'final', status },
  ]),
  ...[401, 403, 407].map((status): [string, BackendAnswer, object] => [
    `${status} is about the worker`,
    refused(status),
    { is: 'unauthorized' },
  ]),
  ['no answer is nobody’s fault', failed(undefined), { is: 'unreachable' }],
  ['a 500 may be the fault of one report', failed(500), { is: 'failing' }],
  ['a 408 may be the fault of one report', failed(408), { is: 'failing' }],
  ['a 200 that says it failed may be the fault of one report', failed(200), { is: 'failing' }],
  ['a 429 asks for patience', failed(429), { is: 'busy', pauseMs: undefined, serverError: false }],
  ['a 429 says how long', failed(429, 7_000), { is: 'busy', pauseMs: 7_000, serverError: false }],
  ['a 503 says how long', failed(503, 7_000), { is: 'busy', pauseMs: 7_000, serverError: true }],
  ['nobody waits for hours', failed(503, 86_400_000), { is: 'busy', pauseMs: 900_000 }],
])('%s', (_name, answer, verdict) => {
  expect(verdictOf(answer)).toMatchObject(verdict);
});

it('replaces all waiting reports but the one in flight by the latest once there are too many', () => {
  const numbers = fc.uniqueArray(fc.nat(500), { maxLength: 120 });
  fc.assert(
    fc.property(numbers, fc.nat(500), fc.integer({ min: 1, max: 100 }), (unsorted, flying, limit) => {
      const seqs = unsorted.sort((a, b) => a - b);
      const replaced = replacedByLatest(seqs, flying, limit);
      const kept = seqs.filter((seq) => !replaced.includes(seq));
      const latest = seqs.findLast((seq) => seq !== flying);
      const few = seqs.filter((seq) => seq === flying || seq === latest);
      expect(kept).toEqual(seqs.length > limit ? few : seqs);
    }),
  );
});

it('opens after three failures in a row of two sessions, and not for one session', () => {
  const breaker = new Breaker();
  for (let i = 0; i < 10; i++) expect(breaker.failure('a', 'no', 0, 0.5)).toBe(false);
  expect(breaker.failure('b', 'no', 0, 0.5)).toBe(true);
  expect(breaker.cause).toBe('failing');
  expect(breaker.success(0)).toBe(true);
  breaker.failure('a', 'no', 0, 0.5);
  breaker.failure('b', 'no', 0, 0.5);
  expect(breaker.success(0)).toBe(false);
  expect(breaker.failure('a', 'no', 0, 0.5)).toBe(false);
});

it.each([
  ['failing', 500, 30_000],
  ['unauthorized', 5_000, 300_000],
  ['streak', 5_000, 300_000],
] as const)('waits longer and longer while it is %s, with jitter and a limit', (cause, base, limit) => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), { minLength: 1, maxLength: 20 }), (randoms) => {
      const breaker = new Breaker();
      let now = 0;
      randoms.forEach((random, attempt) => {
        if (attempt === 0) breaker.trip(cause, 'no', now, random);
        else breaker.retryLater('no', now, random);
        const longest = Math.min(limit, base * 2 ** attempt);
        const waitMs = breaker.waitMs(now);
        expect(waitMs).toBeGreaterThanOrEqual(Math.floor(longest / 2));
        expect(waitMs).toBeLessThanOrEqual(longest);
        now += waitMs;
        expect(breaker.waitMs(now)).toBe(0);
      });
    }),
  );
});

it('waits at least as long as the backend asked for, also when it asks again', () => {
  const breaker = new Breaker();
  expect(breaker.trip('failing', 'no', 0, 0.5, 60_000)).toBe(true);
  expect(breaker.waitMs(0)).toBe(60_000);
  expect(breaker.trip('failing', 'no', 10_000, 0.5, 60_000)).toBe(false);
  expect(breaker.waitMs(10_000)).toBe(60_000);
  breaker.hurry(20_000);
  expect(breaker.waitMs(20_000)).toBe(0);
});

it('takes refusals of five sessions in a row for its own fault, whatever their order', () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { maxLength: 30 }), (sessions) => {
      const streak = new RefusalStreak();
      const seen = new Set<string>();
      sessions.forEach((session, id) => {
        seen.add(session);
        expect(streak.refused(session)).toBe(seen.size >= 5);
        streak.buried(id);
      });
      expect(streak.end()).toEqual(sessions.map((_session, id) => id));
      expect(streak.end()).toEqual([]);
      expect(streak.refused('a')).toBe(false);
    }),
  );
});

it('blames a session for what fails while others get through', () => {
  const lane = newLane('s');
  expect([4, 4, 5, 5].map((accepted) => countFailure(lane, accepted))).toEqual([
    { alone: false, lately: false },
    { alone: false, lately: false },
    { alone: true, lately: true },
    { alone: true, lately: false },
  ]);
  expect(Array.from({ length: 20 }, () => strike(lane)).indexOf(true)).toBe(19);
  expect(Array.from({ length: 11 }, () => lanePause(lane, 'failing', 0.999_999))).toEqual([
    ...[1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 64_000, 128_000, 256_000, 300_000, 300_000],
  ]);
});

it('lets the session try for all that did so longest ago', () => {
  const lanes = ['a', 'b', 'c'].map(newLane);
  const order = Array.from({ length: 6 }, (_, time) => {
    const lane = probeOf(lanes);
    if (lane) lane.probedAt = time;
    return lane?.sessionId;
  });
  expect(order.join('')).toBe('abcabc');
  expect(probeOf([])).toBeUndefined();
});

it('sends a QR code only with the state it belongs to, and only while it can be scanned', () => {
  const qr = { value: 'Sesame', attempt: 1, expiresAt: 100 };
  const row = { state: 'qr_required', seq: 3 } as const;
  expect(qrFor({ seq: 3 }, { row, qr, now: 99 })).toEqual({ value: 'Sesame', expiresAt: 100 });
  expect(qrFor({ seq: 3 }, { row, qr, now: 100 })).toBeUndefined();
  expect(qrFor({ seq: 2 }, { row, qr, now: 0 })).toBeUndefined();
  expect(qrFor({ seq: 3 }, { row: { state: 'connected', seq: 3 }, qr, now: 0 })).toBeUndefined();
  expect(newQr({ row, qr, told: undefined, now: 0 })?.value).toBe('Sesame');
  expect(newQr({ row, qr, told: 'Sesame', now: 0 })).toBeUndefined();
});
