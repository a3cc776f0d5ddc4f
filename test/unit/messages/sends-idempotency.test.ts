import { expect, it } from 'vitest';
import { addConnected, failureOf, failWith, setUp, statusOf, text } from './sends-setting.js';

it('gives two sends without a key two ids', async () => {
  const { sends } = await setUp();
  const [one, two] = await Promise.all([sends.send(text('hello')), sends.send(text('hello'))]);
  expect(one.messageId).not.toBe(two.messageId);
});

it('answers the same key and request with the same result, and sends once', async () => {
  const { sends, given } = await setUp();
  const first = await sends.send(text('hello', 'key'));
  expect(await sends.send(text('hello', 'key'))).toEqual(first);
  expect(given()).toHaveLength(1);
});

it('sends once for requests of the same key at the same time', async () => {
  const setting = await setUp();
  const results = await Promise.all(Array.from({ length: 10 }, async () => setting.sends.send(text('hello', 'key'))));
  expect(new Set(results.map(({ messageId }) => messageId)).size).toBe(1);
  expect(setting.given()).toHaveLength(1);
});

it('refuses a key that was used for another message', async () => {
  const { sends, given } = await setUp();
  await sends.send(text('hello', 'key'));
  await expect(sends.send(text('something else', 'key'))).rejects.toMatchObject({ code: 'IDEMPOTENCY_CONFLICT' });
  await expect(sends.send({ ...text('hello', 'key'), to: '4915112345678@s.whatsapp.net' })).rejects.toMatchObject({
    code: 'IDEMPOTENCY_CONFLICT',
  });
  expect(given()).toHaveLength(1);
});

it('gives each session its own keys', async () => {
  const { sends, registry, given } = await setUp();
  await addConnected(registry, 's2');
  await Promise.all([sends.send(text('hello', 'key')), sends.send(text('other', 'key', 's2'))]);
  expect(given()).toHaveLength(2);
});

it('repeats a final failure to whoever repeats the key', async () => {
  const setting = await setUp();
  setting.fleet.answer = failWith('RECIPIENT_NOT_ON_WHATSAPP');
  await expect(setting.sends.send(text('hello', 'key'))).rejects.toMatchObject({ code: 'RECIPIENT_NOT_ON_WHATSAPP' });
  setting.fleet.answer = () => undefined;
  const again = await failureOf(setting.sends.send(text('hello', 'key')));
  expect(again).toMatchObject({
    code: 'RECIPIENT_NOT_ON_WHATSAPP',
    message: 'It failed.',
    details: { messageId: setting.given()[0]?.messageId },
  });
  expect(setting.given()).toHaveLength(1);
  expect(statusOf(setting)).toEqual(['failed']);
});
