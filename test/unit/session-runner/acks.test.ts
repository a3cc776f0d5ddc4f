import { expect, it } from 'vitest';
import type { BinaryNode } from '../../../session-runner/baileys.js';
import { Acks } from '../../../session-runner/messages/acks.js';
import { AppError } from '../../../shared/errors.js';

const ack = (attrs: Record<string, string>): BinaryNode => ({ tag: 'ack', attrs });
const never = (): void => expect.unreachable('no timeout was expected');

it('resolves with the time of the ack', async () => {
  const acks = new Acks();
  const waiting = acks.wait('A1', 10_000, never);
  acks.settle(ack({ id: 'A1', t: '1700000000' }));
  expect(await waiting).toBe(1_700_000_000_000);
  expect(acks.size).toBe(0);
});

it('takes the present for an ack that carries no time', async () => {
  const acks = new Acks();
  const waiting = [acks.wait('A1', 10_000, never), acks.wait('A2', 10_000, never)];
  const before = Date.now();
  acks.settle(ack({ id: 'A1' }));
  acks.settle(ack({ id: 'A2', t: 'never' }));
  for (const at of await Promise.all(waiting)) expect(at).toBeGreaterThanOrEqual(before);
});

it.each([
  ['463', 'REACH_OUT_LIMITED', 'WhatsApp limits this account: for now it may not write to people who never wrote to it.'],
  ['475', 'REACH_OUT_LIMITED', 'WhatsApp limits this account: it has used up the chats it may begin for now.'],
  ['404', 'RECIPIENT_NOT_ON_WHATSAPP', 'WhatsApp does not know this recipient.'],
  ['421', 'MESSAGE_REJECTED', 'WhatsApp refused the message: the addressing of this chat is out of date.'],
  ['429', 'RATE_LIMITED', 'WhatsApp takes no more messages of this account for the moment.'],
  ['479', 'MESSAGE_REJECTED', 'WhatsApp refused the message as malformed.'],
  ['503', 'WHATSAPP_UNAVAILABLE', 'WhatsApp is not ready for messages.'],
  ['999', 'MESSAGE_REJECTED', 'WhatsApp refused the message (code 999).'],
])('rejects an ack with error %s as %s, in words', async (error, code, words) => {
  const acks = new Acks();
  const waiting = acks.wait('A1', 10_000, never);
  acks.settle(ack({ id: 'A1', error, t: '5' }));
  await expect(waiting).rejects.toMatchObject({ code, message: words });
});

it('ignores acks that nobody waits for', () => {
  const acks = new Acks();
  acks.settle(ack({ id: 'A1' }));
  acks.settle(ack({}));
  expect(acks.size).toBe(0);
});

it('gives up in time and says so once, and a later ack changes nothing', async () => {
  const acks = new Acks();
  let timeouts = 0;
  const waiting = acks.wait('A1', 5, () => timeouts++);
  await expect(waiting).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
  acks.settle(ack({ id: 'A1' }));
  expect([timeouts, acks.size]).toEqual([1, 0]);
});

it('settles everybody who waits for the same id with its ack, so that none of them calls the connection dead', async () => {
  const acks = new Acks();
  let timeouts = 0;
  const first = acks.wait('A1', 20, () => timeouts++);
  const second = acks.wait('A1', 10_000, () => timeouts++);
  acks.settle(ack({ id: 'A1', t: '5' }));
  expect(await Promise.race([second, first])).toBe(5_000);
  expect(await first).toBe(5_000);
  expect([timeouts, acks.size]).toEqual([0, 0]);
});

it('lets one who gives up leave the others waiting for the same id', async () => {
  const acks = new Acks();
  const first = acks.wait('A1', 5, () => undefined);
  const second = acks.wait('A1', 10_000, never);
  await expect(first).rejects.toMatchObject({ code: 'RUNNER_UNAVAILABLE' });
  acks.settle(ack({ id: 'A1', t: '5' }));
  expect(await second).toBe(5_000);
});

it('cancels one, or all', async () => {
  const acks = new Acks();
  const waiting = ['A1', 'A2', 'A3'].map(async (id) => acks.wait(id, 10_000, never));
  const [one, all] = [new AppError('INTERNAL', 'One.'), new AppError('RUNNER_UNAVAILABLE', 'All.')];
  acks.cancel('A1', one);
  acks.cancel('A9', one);
  expect(acks.size).toBe(2);
  acks.cancelAll(all);
  expect((await Promise.allSettled(waiting)).map((outcome) => outcome.status === 'rejected' && (outcome.reason as unknown))).toEqual([
    one,
    all,
    all,
  ]);
  expect(acks.size).toBe(0);
});
