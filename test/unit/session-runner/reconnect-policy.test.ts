import fc from 'fast-check';
import { expect, it } from 'vitest';
import { REASONS, type Reason } from '../../../shared/domain/session.js';
import type { CloseAction } from '../../../session-runner/session/close-classifier.js';
import { reconnectDelay } from '../../../session-runner/session/reconnect-policy.js';

const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const reason = fc.constantFrom(...(Object.keys(REASONS) as Reason[]));

it('never connects again after an ending', () => {
  fc.assert(
    fc.property(fc.constantFrom<CloseAction>('stop', 'logout', 'fail'), reason, fc.nat(), random, (action, why, attempt, r) => {
      expect(reconnectDelay(action, why, attempt, r)).toBeUndefined();
    }),
  );
});

it('retries a lost connection within half a second, and then at least once a minute', () => {
  const slowest = (attempt: number): number | undefined => reconnectDelay('backoff', 'transient', attempt, 0.999999);
  expect(slowest(0)).toBe(500);
  expect(slowest(1)).toBe(1_000);
  expect(slowest(1_000)).toBe(60_000);
});

it('gives a refusing server up to ten minutes', () => {
  expect(reconnectDelay('backoff', 'bad_session', 0, 0.999999)).toBe(1_000);
  expect(reconnectDelay('backoff', 'bad_session', 1_000, 0.999999)).toBe(600_000);
});

it('connects at once when asked to, but does not hammer a server that asks without end', () => {
  expect([0, 1, 2].map((attempt) => reconnectDelay('now', 'restart_required', attempt, 0.5))).toEqual([0, 0, 0]);
  expect(reconnectDelay('now', 'restart_required', 3, 0)).toBeGreaterThanOrEqual(250);
  expect(reconnectDelay('now', 'restart_required', 50, 0)).toBeGreaterThanOrEqual(30_000);
});

it('stays within its bounds for every close that is retried', () => {
  fc.assert(
    fc.property(fc.constantFrom<CloseAction>('now', 'backoff', 'confirm'), reason, fc.nat(), random, (action, why, attempt, r) => {
      const delay = reconnectDelay(action, why, attempt, r);
      expect(delay).toBeGreaterThanOrEqual(action === 'now' ? 0 : 250);
      expect(delay).toBeLessThanOrEqual(action === 'confirm' ? 500 : 600_000);
    }),
  );
});
