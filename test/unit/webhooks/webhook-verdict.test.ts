import { expect, it } from 'vitest';
import { webhookVerdict, type WebhookAnswer } from '../../../supervisor/webhooks/webhook-verdict.js';

const DAY = 24 * 60 * 60_000;
const answered = (status: number, retryAfterMs?: number): WebhookAnswer => ({ status, retryAfterMs });

it.each([
  ['200', answered(200), 1, 0, 'accepted'],
  ['204, late', answered(204), 9, 2 * DAY, 'accepted'],
  ['410', answered(410), 1, 0, 'dead'],
  ['404', answered(404), 1, 0, 'retry'],
  ['404 for the ninth time', answered(404), 9, 0, 'retry'],
  ['404 for the tenth time', answered(404), 10, 0, 'dead'],
  ['429 for the hundredth time', answered(429), 100, 0, 'retry'],
  ['a redirect', answered(302), 100, 0, 'retry'],
  ['500', answered(500), 100, DAY - 1, 'retry'],
  ['500 after a day', answered(500), 1, DAY, 'dead'],
  ['nothing', { failure: 'Nothing listens there.' }, 100, DAY - 1, 'retry'],
  ['nothing after a day', { failure: 'Nothing listens there.' }, 1, DAY, 'dead'],
] as const)('%s', (_name, answer, refusals, age, is) => {
  expect(webhookVerdict({ answer, refusals, age }).is).toBe(is);
});

it('waits as long as it is asked to, within reason', () => {
  const pause = (ms: number) => webhookVerdict({ answer: answered(429, ms), refusals: 1, age: 0 });
  expect(pause(2_000)).toMatchObject({ atLeastMs: 2_000 });
  expect(pause(DAY)).toMatchObject({ atLeastMs: 15 * 60_000 });
  expect(pause(-5)).toMatchObject({ atLeastMs: 0 });
});

it('holds a 4xx against the event, and everything else against the consumer', () => {
  const isRefusal = (status: number) => webhookVerdict({ answer: answered(status), refusals: 1, age: 0 });
  expect(isRefusal(422)).toMatchObject({ isRefusal: true });
  for (const status of [408, 425, 429, 500, 302]) expect(isRefusal(status), String(status)).toMatchObject({ isRefusal: false });
});
