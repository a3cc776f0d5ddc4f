import { expect, it } from 'vitest';
import { webhookHeaders, webhookId } from '../../../supervisor/webhooks/sign-webhook.js';

it('signs as the test vector of Standard Webhooks has it', () => {
  const body = '{"test": 2432232314}';
  const headers = webhookHeaders('msg_p5jXN8AQM9LWM0D4loKWxJek', 1614265330, body, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw');
  expect(headers).toEqual({
    'webhook-id': 'msg_p5jXN8AQM9LWM0D4loKWxJek',
    'webhook-timestamp': '1614265330',
    'webhook-signature': 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
  });
});

it.each([
  ['id', ['msg_other', 1614265330, '{}']],
  ['time', ['msg_1', 1614265331, '{}']],
  ['body', ['msg_1', 1614265330, '{} ']],
] as const)('signs the %s', (_name, [id, seconds, body]) => {
  const secret = 'a-secret-of-many-letters';
  const one = webhookHeaders('msg_1', 1614265330, '{}', secret)['webhook-signature'];
  expect(webhookHeaders(id, seconds, body, secret)['webhook-signature']).not.toBe(one);
});

it('signs nothing without a secret', () => {
  expect(webhookHeaders('msg_1', 1614265330, '{}', undefined)).not.toHaveProperty('webhook-signature');
});

it('gives an event one id, and another one to that of a session made anew', () => {
  const id = webhookId('w', 's', 5, '7');
  expect(id).toMatch(/^evt_[0-9a-f]{32}$/);
  expect(webhookId('w', 's', 5, '7')).toBe(id);
  const others = [webhookId('w', 's', 6, '7'), webhookId('w', 's', 5, '8'), webhookId('w2', 's', 5, '7'), webhookId('w', 's2', 5, '7')];
  expect(new Set([id, ...others]).size).toBe(5);
});
