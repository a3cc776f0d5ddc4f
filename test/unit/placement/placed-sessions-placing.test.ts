import { expect, it } from 'vitest';
import { answerOpensWith, connected, create, opens, QR, start } from './placed-sessions-setting.js';

it('places sessions in the lowest slot with room, and starts and keeps its runner', async () => {
  const setting = await start();
  await create(setting, 'a', 'b', 'c', 'd', 'e');
  answerOpensWith(setting, QR);
  for (const sessionId of ['c', 'a', 'e', 'b']) await setting.sessions.connect(sessionId);
  expect(opens(setting).map(([sessionId, slot]) => [sessionId, slot])).toEqual([
    ['c', 0],
    ['a', 0],
    ['e', 1],
    ['b', 1],
  ]);
  expect(setting.fleet.views().map(({ slot }) => slot)).toEqual([0, 1]);
  expect([...setting.fleet.kept]).toEqual([0, 1]);
  await setting.sessions.delete('a');
  await setting.sessions.connect('d');
  expect(opens(setting).at(-1)).toEqual(['d', 0, 1, true]);
});

it('never fills a slot above its room when many connect at once', async () => {
  const setting = await start();
  const ids = ['a', 'b', 'c', 'd', 'e'];
  await create(setting, ...ids);
  answerOpensWith(setting, QR);
  await Promise.all(ids.map(async (sessionId) => setting.sessions.connect(sessionId)));
  const perSlot = [0, 1, 2].map((slot) => setting.registry.rows().filter((row) => row.slot === slot).length);
  expect(perSlot).toEqual([2, 2, 1]);
});

it('keeps the slot of a session, whose store holds its credentials', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b', 'c');
  await setting.sessions.disconnect('c');
  await setting.sessions.disconnect('a');
  await setting.sessions.connect('c');
  expect(opens(setting).at(-1)).toEqual(['c', 1, 2, false]);
});
