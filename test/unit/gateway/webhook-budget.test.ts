import { expect, test } from 'vitest';
import { WebhookBudget } from '../../gateway/webhook-budget.js';

test('a window gives what it has, then names the seconds to the next one', () => {
  const budget = new WebhookBudget(2);
  expect([budget.take(1_000), budget.take(1_001), budget.take(1_002)]).toEqual([undefined, undefined, 60]);
  expect(budget.take(60_500)).toBe(1);
  expect(budget.take(61_000)).toBeUndefined();
});

test('waiting as long as told is always enough', () => {
  const budget = new WebhookBudget(1);
  let now = 7;
  for (let round = 0; round < 5; round++) {
    expect(budget.take(now)).toBeUndefined();
    now += 12_345;
    now += (budget.take(now) ?? 0) * 1000;
  }
});
