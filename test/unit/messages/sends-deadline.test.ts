import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { rowsIn } from '../store/temp-store.js';
import { disconnect, failureOf, hold, reconnect, SENT_AT, setUp, statusOf, text, untilGiven } from './sends-setting.js';

const DEADLINE_MS = 30_000;

// Time passes only when it is told to: what is sent before the deadline is in time, however long its commits take.
beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** Not only the deadline is a timer: whether this one was set is known when it has ended the wait. */
const passDeadline = async (failure: Promise<unknown>): Promise<void> => {
  let ended = false;
  void failure.finally(() => (ended = true));
  await eventually(() => {
    vi.advanceTimersByTime(DEADLINE_MS);
    return ended;
  }, 'the deadline passes');
};

it('drops at the deadline what no runner ever had, sends it never, and frees its key', async () => {
  const setting = await setUp(DEADLINE_MS);
  await disconnect(setting);
  const failure = failureOf(setting.sends.send(text('too late', 'key')));
  await passDeadline(failure);
  expect(await failure).toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  expect(statusOf(setting)).toEqual(['failed']);
  expect([rowsIn(setting.store, TABLES.intents), rowsIn(setting.store, TABLES.idempotency)]).toEqual([[], []]);
  await reconnect(setting);
  const { messageId } = await setting.sends.send(text('in time', 'key'));
  expect(setting.given()).toEqual([{ text: 'in time', messageId }]);
});

it('cannot tell at the deadline what became of a send without a key, and goes on with it', async () => {
  const setting = await setUp(DEADLINE_MS);
  const { confirm } = hold(setting.fleet);
  const failing = failureOf(setting.sends.send(text('hello')));
  await untilGiven(setting, 1);
  await passDeadline(failing);
  const failure = await failing;
  const messageId = setting.given()[0]?.messageId;
  expect(failure).toMatchObject({ code: 'OUTCOME_UNKNOWN', details: { messageId } });
  confirm(0);
  await eventually(() => statusOf(setting).join() === 'sent', 'it is sent');
  expect(setting.given()).toHaveLength(1);
});

it('asks at the deadline to repeat the key, which then gives the result', async () => {
  const setting = await setUp(DEADLINE_MS);
  const { confirm } = hold(setting.fleet);
  const failing = failureOf(setting.sends.send(text('hello', 'key')));
  await untilGiven(setting, 1);
  await passDeadline(failing);
  const failure = await failing;
  const messageId = setting.given()[0]?.messageId;
  expect(failure).toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { messageId }, retryAfterSeconds: 5 });
  const repeated = setting.sends.send(text('hello', 'key'));
  confirm(0);
  expect(await repeated).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(await setting.sends.send(text('hello', 'key'))).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(setting.given()).toHaveLength(1);
});
