import { expect, it } from 'vitest';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { rowsIn } from '../store/temp-store.js';
import { failureOf, hold, setUp, statusOf, text, untilGiven } from './sends-setting.js';

it('refuses what cannot be sent soon', async () => {
  const { sends, registry, store } = await setUp();
  await registry.add({ sessionId: 'new', userId: undefined, sessionName: undefined });
  await expect(sends.send(text('hello', undefined, 'new'))).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  await registry.apply('new', 'connect', 'connect_requested');
  await expect(sends.send(text('hello', undefined, 'new'))).rejects.toMatchObject({ code: 'SESSION_NOT_CONNECTED' });
  await expect(sends.send(text('hello', undefined, 'nobody'))).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  await registry.apply('s', 'logout', 'logged_out');
  await expect(sends.send(text('hello', 'key'))).rejects.toMatchObject({ code: 'SESSION_LOGGED_OUT' });
  expect([...rowsIn(store, TABLES.intents), ...rowsIn(store, TABLES.idempotency), ...rowsIn(store, TABLES.messages)]).toEqual([]);
});

it('fails what waits when the session is logged out', async () => {
  const setting = await setUp();
  const { confirm } = hold(setting.fleet);
  const failures = [1, 2].map(async (n) => failureOf(setting.sends.send(text(String(n), `key${n}`))));
  await untilGiven(setting, 2);
  await setting.registry.apply('s', 'logout', 'logged_out');
  expect((await Promise.all(failures)).map(({ code }) => code)).toEqual(['SESSION_LOGGED_OUT', 'SESSION_LOGGED_OUT']);
  await setting.store.settled();
  expect(statusOf(setting)).toEqual(['failed', 'failed']);
  expect(rowsIn(setting.store, TABLES.intents)).toEqual([]);
  confirm(0);
});

it('fails what waits when the session is deleted, and leaves none of it behind', async () => {
  const setting = await setUp();
  hold(setting.fleet);
  const failure = failureOf(setting.sends.send(text('hello', 'key')));
  await untilGiven(setting, 1);
  await setting.registry.remove('s');
  expect(await failure).toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(setting.sends.size).toBe(0);
});
