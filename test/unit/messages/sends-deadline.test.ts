import { expect, it, vi } from 'vitest';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { rowsIn } from '../store/temp-store.js';
import { disconnect, failureOf, hold, reconnect, SENT_AT, setUp, statusOf, text } from './sends-setting.js';

const SHORT_MS = 60;

it('drops at the deadline what no runner ever had, sends it never, and frees its key', async () => {
  const setting = await setUp(SHORT_MS);
  await disconnect(setting);
  await expect(setting.sends.send(text('too late', 'key'))).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  expect(statusOf(setting)).toEqual(['failed']);
  expect([rowsIn(setting.store, TABLES.intents), rowsIn(setting.store, TABLES.idempotency)]).toEqual([[], []]);
  await reconnect(setting);
  const { messageId } = await setting.sends.send(text('in time', 'key'));
  expect(setting.given()).toEqual([{ text: 'in time', messageId }]);
});

it('cannot tell at the deadline what became of a send without a key, and goes on with it', async () => {
  const setting = await setUp(SHORT_MS);
  const { confirm } = hold(setting.fleet);
  const failure = await failureOf(setting.sends.send(text('hello')));
  const messageId = setting.given()[0]?.messageId;
  expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', details: { messageId } });
  confirm(0);
  await vi.waitFor(() => {
    expect(statusOf(setting)).toEqual(['sent']);
  });
  expect(setting.given()).toHaveLength(1);
});

it('asks at the deadline to repeat the key, which then gives the result', async () => {
  const setting = await setUp(SHORT_MS);
  const { confirm } = hold(setting.fleet);
  const failure = await failureOf(setting.sends.send(text('hello', 'key')));
  const messageId = setting.given()[0]?.messageId;
  expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { messageId }, retryAfterSeconds: 5 });
  const repeated = setting.sends.send(text('hello', 'key'));
  confirm(0);
  expect(await repeated).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(await setting.sends.send(text('hello', 'key'))).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(setting.given()).toHaveLength(1);
});
