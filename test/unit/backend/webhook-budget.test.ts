import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createWebhookBudget } from '../../../supervisor/backend/webhook-budget.js';

it('never lets more through than the backend counts in a minute, however long each is on its way', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.record({ pause: fc.nat(20_000), wanted: fc.nat(40), delay: fc.nat(6_000) }), { minLength: 1, maxLength: 40 }),
      (perMinute, bursts) => {
        let now = 0;
        const budget = createWebhookBudget(perMinute, () => now);
        const arrivals: number[] = [];
        for (const { pause, wanted, delay } of bursts) {
          now += pause;
          for (let i = 0; i < wanted; i++) if (budget.take() === 0) arrivals.push(now + delay);
        }
        arrivals.sort((a, b) => a - b);
        for (const [i, at] of arrivals.entries()) {
          const next = arrivals[i + perMinute];
          if (next !== undefined) expect(next - at).toBeGreaterThanOrEqual(60_000);
        }
      },
    ),
  );
});

it('says when the next one may leave', () => {
  let now = 0;
  const budget = createWebhookBudget(2, () => now);
  expect([budget.take(), budget.take()]).toEqual([0, 0]);
  now = 1_000;
  const waitMs = budget.take();
  expect(waitMs).toBe(65_000);
  now += waitMs;
  expect(budget.take()).toBe(0);
});

it('lets what may be left out through only while it is more than half full', () => {
  const budget = createWebhookBudget(4, () => 0);
  expect([budget.takeSpare(), budget.takeSpare(), budget.takeSpare()]).toEqual([true, true, false]);
  expect([budget.take(), budget.take()]).toEqual([0, 0]);
  expect(budget.take()).toBeGreaterThan(0);
});

it('knows no limit where there is none, but keeps still when the backend asks for it', () => {
  let now = 0;
  const budget = createWebhookBudget(undefined, () => now);
  for (let i = 0; i < 1_000; i++) expect(budget.take()).toBe(0);
  expect(budget.takeSpare()).toBe(true);
  budget.pause(5_000);
  budget.pause(1_000);
  expect(budget.take()).toBe(5_000);
  expect(budget.takeSpare()).toBe(false);
  now = 5_000;
  expect(budget.takeSpare()).toBe(true);
});
