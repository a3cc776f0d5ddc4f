import { expect, it, vi } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { failingStore, slowStore } from '../session-runner/runner-stores.js';
import { rowsIn } from '../store/temp-store.js';
import { addConnected, disconnect, failureOf, hold, reconnect, startSends, statusOf, text } from './sends-setting.js';

it('hands no message to a runner before its id is on disk, whatever wakes the queue', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  await addConnected(setting.registry, 's2');
  store.holding = true;
  const held = setting.sends.send(text('held'));
  store.holding = false;
  await setting.sends.send(text('other session', undefined, 's2'));
  await disconnect(setting);
  await reconnect(setting);
  expect(setting.given().map(({ text: word }) => word)).toEqual(['other session']);
  store.release();
  await held;
  expect(setting.given().map(({ text: word }) => word)).toEqual(['other session', 'held']);
});

it('accepts nothing when the disk fails, says so to everybody with the same key, and sends nothing', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  store.holding = true;
  const failures = [1, 2].map(async () => failureOf(setting.sends.send(text('hello', 'key'))));
  store.holding = false;
  await disconnect(setting);
  await reconnect(setting);
  store.release(new AppError('STORAGE_UNAVAILABLE', 'The disk is full.'));
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(['STORAGE_UNAVAILABLE', 'STORAGE_UNAVAILABLE']);
  expect(setting.given()).toEqual([]);
  await setting.sends.send(text('hello', 'key'));
  expect(setting.given()).toHaveLength(1);
});

it('tells nobody of a failure before it is on disk, not even who asks again with the same key', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  const { fail } = hold(setting.fleet);
  const answered: string[] = [];
  const first = failureOf(setting.sends.send(text('hello', 'key'))).then(() => answered.push('first'));
  await vi.waitFor(() => {
    expect(setting.given()).toHaveLength(1);
  }, 60_000);
  store.holding = true;
  fail(0, 'MESSAGE_REJECTED');
  await new Promise((resolve) => setTimeout(resolve, 20));
  const repeated = failureOf(setting.sends.send(text('hello', 'key'))).then(() => answered.push('repeated'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(answered).toEqual([]);
  store.holding = false;
  store.release();
  await Promise.all([first, repeated]);
  expect(answered.toSorted()).toEqual(['first', 'repeated']);
});

it('tells at once that a message was sent, and everybody who looks sees it', async () => {
  const store = slowStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  const { confirm } = hold(setting.fleet);
  const first = setting.sends.send(text('hello', 'key'));
  await vi.waitFor(() => {
    expect(setting.given()).toHaveLength(1);
  }, 60_000);
  store.holding = true;
  confirm(0);
  const sent = await first;
  expect(sent).toMatchObject({ status: 'sent' });
  expect(await setting.sends.send(text('hello', 'key'))).toEqual(sent);
  expect(statusOf(setting)).toEqual(['sent']);
  expect(await setting.history.find('s', sent.messageId)).toMatchObject({ status: 'sent' });
  expect(setting.sends.size).toBe(1);
  store.holding = false;
  store.release();
  await vi.waitFor(() => expect(setting.sends.size).toBe(0));
  expect(setting.given()).toHaveLength(1);
});

it('keeps what would send it again while the disk refuses to note that it was sent', async () => {
  const store = failingStore(...Object.values(TABLES));
  const setting = await startSends(store);
  await addConnected(setting.registry);
  const { confirm } = hold(setting.fleet);
  const first = setting.sends.send(text('hello'));
  await vi.waitFor(() => {
    expect(setting.given()).toHaveLength(1);
  }, 60_000);
  store.failing = true;
  confirm(0);
  expect(await first).toMatchObject({ status: 'sent' });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(rowsIn(store, TABLES.intents)).toHaveLength(1);
  store.failing = false;
  await vi.waitFor(() => expect(rowsIn(store, TABLES.intents)).toEqual([]), 60_000);
  expect(statusOf(setting)).toEqual(['sent']);
  expect(setting.given()).toHaveLength(1);
});
