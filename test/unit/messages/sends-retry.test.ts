import { expect, it, vi } from 'vitest';
import type { ErrorCode } from '../../../shared/errors.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { rowsIn } from '../store/temp-store.js';
import { disconnect, failureOf, failWith, reconnect, setUp, statusOf, text, untilGiven } from './sends-setting.js';

it.each<ErrorCode>(['RECIPIENT_NOT_ON_WHATSAPP', 'MESSAGE_REJECTED', 'INVALID_REQUEST'])('gives up after %s', async (code) => {
  const setting = await setUp();
  setting.fleet.answer = failWith(code);
  await expect(setting.sends.send(text('hello'))).rejects.toMatchObject({ code });
  await disconnect(setting);
  await reconnect(setting);
  expect(setting.given()).toHaveLength(1);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
});

it.each<ErrorCode>(['RUNNER_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'SESSION_NOT_CONNECTED', 'BUSY', 'DRAINING', 'STORAGE_UNAVAILABLE'])(
  'sends again under the same id after %s, as soon as the session is back',
  async (code) => {
    const setting = await setUp();
    setting.fleet.answer = failWith(code);
    const sent = setting.sends.send(text('hello'));
    await untilGiven(setting, 1);
    await disconnect(setting);
    setting.fleet.answer = () => undefined;
    await reconnect(setting);
    const { messageId } = await sent;
    expect(setting.given()).toEqual([
      { text: 'hello', messageId },
      { text: 'hello', messageId },
    ]);
    expect(statusOf(setting)).toEqual(['sent']);
  },
);

it('tries again by itself when the session looks connected all the time', async () => {
  const setting = await setUp();
  let failures = 1;
  setting.fleet.answer = async (call) => (failures-- > 0 ? failWith('BUSY')() : Promise.resolve(call.slot === 0 ? undefined : {}));
  const { messageId } = await setting.sends.send(text('hello'));
  expect(setting.given().map((one) => one.messageId)).toEqual([messageId, messageId]);
});

it('tries a failure that nothing explains three times', async () => {
  const setting = await setUp();
  setting.fleet.answer = async () => Promise.reject(new Error('who knows'));
  const failed = failureOf(setting.sends.send(text('hello')));
  for (const attempt of [1, 2, 3]) {
    await untilGiven(setting, attempt);
    await disconnect(setting);
    await reconnect(setting);
  }
  expect(await failed).toMatchObject({ code: 'INTERNAL' });
  expect(new Set(setting.given().map(({ messageId }) => messageId)).size).toBe(1);
});

it('waits for a session that is on its way back', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const sent = setting.sends.send(text('hello'));
  await vi.waitFor(() => {
    expect(rowsIn(setting.store, TABLES.intents)).toHaveLength(1);
  }, 60_000);
  expect(setting.given()).toEqual([]);
  await reconnect(setting);
  await sent;
  expect(setting.given()).toHaveLength(1);
});
