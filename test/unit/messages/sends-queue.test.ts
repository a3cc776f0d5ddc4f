import { expect, it, vi } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { AppError } from '../../../shared/errors.js';
import { openSupervisorStore, TABLES, type IdempotencyRow, type Intent } from '../../../supervisor/supervisor-store.js';
import { eventually } from '../../fixtures/eventually.js';
import { slowStore } from '../session-runner/runner-stores.js';
import { closing, rowsIn, tempFolder } from '../store/temp-store.js';
import {
  addConnected,
  disconnect,
  failureOf,
  failWith,
  hold,
  reconnect,
  SENT_AT,
  setUp,
  startSends,
  statusOf,
  text,
  untilGiven,
} from './sends-setting.js';

const DEADLINE_MS = 100;

it('takes a message for later while the session is away, and sends it when it is back', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const queued = await setting.sends.enqueue(text('later', 'key'));
  expect(queued).toMatchObject({ status: 'queued', position: 1, estimatedAt: undefined });
  expect(setting.given()).toEqual([]);
  await reconnect(setting);
  await eventually(() => statusOf(setting).join() === 'sent', 'it is sent');
  expect(setting.given()).toEqual([{ text: 'later', messageId: queued.messageId }]);
});

it('takes a message for a paired session that nobody connects, and none for one that was never paired or is logged out', async () => {
  const setting = await setUp();
  await setting.registry.apply('s', 'stop', 'disconnect_requested', { desired: 'disconnected' });
  expect(await setting.sends.enqueue(text('later'))).toMatchObject({ status: 'queued' });
  await setting.registry.apply('s', 'logout', 'logged_out', { paired: false });
  expect(await failureOf(setting.sends.enqueue(text('never')))).toMatchObject({ code: 'SESSION_LOGGED_OUT' });
  await setting.registry.add({ sessionId: 'new', userId: undefined, sessionName: undefined });
  expect(await failureOf(setting.sends.enqueue(text('never', undefined, 'new')))).toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  expect(await failureOf(setting.sends.enqueue(text('never', undefined, 'nobody')))).toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

it('keeps through a stop what nobody waits for, and still knows that no runner had it', async () => {
  const folder = tempFolder();
  const before = await startSends(await openSupervisorStore(folder));
  await addConnected(before.registry);
  await disconnect(before);
  const { messageId } = await before.sends.enqueue(text('later', 'key'));
  before.sends.stop();
  await before.store.close();

  const after = await startSends(closing(await openSupervisorStore(folder)));
  expect(after.sends.waiting.page('s', { limit: 10, offset: 0 }).sends).toMatchObject([{ messageId, status: 'queued', position: 1 }]);
  expect(await after.sends.enqueue(text('later', 'key'))).toMatchObject({ messageId, status: 'queued' });
  await disconnect(after);
  await reconnect(after);
  await eventually(() => statusOf(after).join() === 'sent', 'it is sent');
  expect(await after.sends.enqueue(text('later', 'key'))).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
  expect(await after.sends.send(text('later', 'key'))).toEqual({ messageId, status: 'sent', timestamp: SENT_AT });
});

it('knows after a crash what a runner had, and sends it again under its id before the others', async () => {
  const folder = tempFolder();
  const before = await startSends(await openSupervisorStore(folder));
  await addConnected(before.registry);
  hold(before.fleet);
  const first = await before.sends.enqueue(text('first'));
  await untilGiven(before, 1);
  await disconnect(before);
  const second = await before.sends.enqueue(text('second'));
  before.sends.stop();
  await before.store.close();

  const after = await startSends(closing(await openSupervisorStore(folder)));
  const { sends } = after.sends.waiting.page('s', { limit: 10, offset: 0 });
  expect(sends.map(({ messageId, status }) => [messageId, status])).toEqual([
    [first.messageId, 'sending'],
    [second.messageId, 'queued'],
  ]);
  expect(await failureOf(after.sends.waiting.cancel('s', first.messageId))).toMatchObject({ code: 'MESSAGE_NOT_QUEUED' });
  await after.sends.waiting.cancel('s', second.messageId);
  await disconnect(after);
  await reconnect(after);
  await eventually(() => after.sends.size === 0, 'nothing waits');
  expect(after.given()).toEqual([{ text: 'first', messageId: first.messageId }]);
});

it('cancels what waits, for good: it is never sent, and its key says so', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const { messageId } = await setting.sends.enqueue(text('never mind', 'key'));
  const waits = failureOf(setting.sends.send(text('never mind', 'key')));
  await setting.sends.waiting.cancel('s', messageId);
  expect(await waits).toMatchObject({ code: 'SEND_CANCELLED' });
  expect(await failureOf(setting.sends.enqueue(text('never mind', 'key')))).toMatchObject({
    code: 'SEND_CANCELLED',
    details: { messageId },
  });
  const [row] = [...setting.store.range<Message>(TABLES.messages)];
  expect(row?.value).toMatchObject({ status: 'failed', failure: { code: 'SEND_CANCELLED' } });
  await reconnect(setting);
  await setting.sends.send(text('something else'));
  expect(setting.given().map(({ text: words }) => words)).toEqual(['something else']);
  expect(await failureOf(setting.sends.waiting.cancel('s', messageId))).toMatchObject({ code: 'MESSAGE_NOT_QUEUED' });
});

it('does not cancel what a runner was given once, not even while it is tried again, nor what it does not know', async () => {
  const setting = await setUp();
  setting.fleet.answer = failWith('RUNNER_UNAVAILABLE');
  const { messageId } = await setting.sends.enqueue(text('hello'));
  await untilGiven(setting, 1);
  await disconnect(setting);
  expect(await failureOf(setting.sends.waiting.cancel('s', messageId))).toMatchObject({ code: 'MESSAGE_NOT_QUEUED' });
  expect(await failureOf(setting.sends.waiting.cancel('s', 'unknown'))).toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
  expect(await failureOf(setting.sends.waiting.cancel('nobody', messageId))).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await addConnected(setting.registry, 's2');
  expect(await failureOf(setting.sends.waiting.cancel('s2', messageId))).toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
});

it('cancels all that it can', async () => {
  const setting = await setUp();
  const { confirm } = hold(setting.fleet);
  await setting.sends.enqueue(text('on its way'));
  await untilGiven(setting, 1);
  await disconnect(setting);
  await setting.sends.enqueue(text('one'));
  await setting.sends.enqueue(text('two'));
  expect(await setting.sends.waiting.cancelAll('s')).toEqual({ cancelled: 2, left: 1 });
  confirm(0);
  await eventually(() => statusOf(setting).join() === 'failed,failed,sent', 'the first is sent');
});

it('takes no more than the limit, of any kind, and accepts nothing of what is too much', async () => {
  const setting = await setUp(DEADLINE_MS, { queueLimit: 2 });
  await disconnect(setting);
  await setting.sends.enqueue(text('one'));
  await setting.sends.enqueue(text('two', 'key'));
  expect(await failureOf(setting.sends.enqueue(text('three')))).toMatchObject({ code: 'QUEUE_FULL' });
  expect(await failureOf(setting.sends.send(text('three')))).toMatchObject({ code: 'QUEUE_FULL' });
  expect(statusOf(setting)).toEqual(['pending', 'pending']);
  expect(await setting.sends.enqueue(text('two', 'key'))).toMatchObject({ position: 2 });
});

it('lets who waits for a queued message go at the deadline, and keeps the message', async () => {
  const setting = await setUp(DEADLINE_MS);
  await disconnect(setting);
  const { messageId } = await setting.sends.enqueue(text('hello', 'key'));
  expect(await failureOf(setting.sends.send(text('hello', 'key')))).toMatchObject({ code: 'DEADLINE_EXCEEDED', details: { messageId } });
  await reconnect(setting);
  expect(await setting.sends.send(text('hello', 'key'))).toMatchObject({ messageId, status: 'sent' });
  expect(setting.given()).toHaveLength(1);
});

it('keeps what a client that waited asks to be sent asynchronously', async () => {
  const setting = await setUp(DEADLINE_MS);
  await disconnect(setting);
  const waits = failureOf(setting.sends.send(text('hello', 'key')));
  await eventually(() => setting.sends.waiting.page('s', { limit: 1, offset: 0 }).total === 1, 'it is accepted');
  expect(await setting.sends.enqueue(text('hello', 'key'))).toMatchObject({ status: 'queued' });
  expect(await waits).toMatchObject({ code: 'DEADLINE_EXCEEDED' });
  expect(rowsIn(setting.store, TABLES.intents)).toMatchObject([[['s', expect.any(Number)], { queued: true } satisfies Partial<Intent>]]);
  await reconnect(setting);
  await eventually(() => statusOf(setting).join() === 'sent', 'it is sent');
});

it('fails what is queued when the session is logged out, and says why where the message is kept', async () => {
  const setting = await setUp();
  await disconnect(setting);
  await setting.sends.enqueue(text('hello', 'key'));
  await setting.registry.apply('s', 'logout', 'logged_out');
  await eventually(() => statusOf(setting).join() === 'failed', 'it failed');
  const [row] = [...setting.store.range<Message>(TABLES.messages)];
  expect(row?.value.failure?.code).toBe('SESSION_LOGGED_OUT');
  expect(setting.store.get<IdempotencyRow>(TABLES.idempotency, ['s', 'key'])?.outcome).toMatchObject({ code: 'SESSION_LOGGED_OUT' });
});

it('hands nothing over before it is noted, lets nothing overtake meanwhile, and tries again when the disk refuses', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  await disconnect(setting);
  await setting.sends.enqueue(text('noted first'));
  store.holding = true;
  const back = reconnect(setting);
  store.holding = false;
  const behind = setting.sends.send(text('behind it'));
  await eventually(() => setting.sends.size === 2, 'both wait');
  expect(setting.given()).toEqual([]);
  store.release(new AppError('STORAGE_UNAVAILABLE', 'The disk is full.'));
  await back.catch(() => undefined);
  await behind;
  await vi.waitFor(() => {
    expect(setting.given().map(({ text: words }) => words)).toEqual(['noted first', 'behind it']);
  }, 60_000);
});
