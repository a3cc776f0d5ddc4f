import { expect, it } from 'vitest';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { rowsIn } from '../store/temp-store.js';
import { connected, eventually, failOnce, start } from './placed-sessions-setting.js';

it('deletes every row of a session and of no other', async () => {
  const setting = await start();
  await connected(setting, 'user1', 'user10');
  const tables = [TABLES.messages, TABLES.messageIndex, TABLES.messageCounts, TABLES.intents, TABLES.idempotency];
  for (const table of tables)
    await setting.store.commit(['user1', 'user10'].map((sessionId) => ({ table, key: [sessionId, 'k'], value: { sessionId } })));
  await setting.sessions.delete('user1');
  expect(setting.fleet.of('session.erase')).toMatchObject([{ params: { sessionId: 'user1' } }]);
  for (const table of [...tables, TABLES.sessions]) expect(rowsIn(setting.store, table).map(([key]) => key[0])).toEqual(['user10']);
  await expect(setting.sessions.delete('user1')).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
});

it('finishes a delete by itself that a failing runner interrupted, and shows none of it meanwhile', async () => {
  const setting = await start();
  await connected(setting, 'a');
  failOnce('session.erase', setting);
  await expect(setting.sessions.delete('a')).rejects.toMatchObject({ code: 'BUSY' });
  expect(setting.sessions.list()).toEqual([]);
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'transient' });
  await eventually(() => {
    expect(setting.registry.find('a')).toBeUndefined();
  });
  expect(rowsIn(setting.store, TABLES.sessions)).toEqual([]);
  expect(setting.fleet.of('session.erase')).toHaveLength(2);
});

it('finishes a delete that was begun when it is asked for again', async () => {
  const setting = await start(undefined, { retryMs: 60_000 });
  await connected(setting, 'a');
  failOnce('session.erase', setting);
  await expect(setting.sessions.delete('a')).rejects.toMatchObject({ code: 'BUSY' });
  await setting.sessions.delete('a');
  expect(setting.registry.find('a')).toBeUndefined();
});

it('finishes a delete that a crash interrupted', async () => {
  const first = await start(undefined, { retryMs: 60_000 });
  await connected(first, 'a', 'b');
  failOnce('session.erase', first);
  await first.sessions.delete('a').catch(() => undefined);
  first.sessions.stop();
  const second = await start(first.store);
  await second.sessions.resume();
  await eventually(() => {
    expect(second.registry.find('a')).toBeUndefined();
  });
  expect(second.fleet.of('session.erase')).toMatchObject([{ params: { sessionId: 'a' } }]);
  expect(rowsIn(second.store, TABLES.sessions).map(([key]) => key[0])).toEqual(['b']);
});
