import { expect, it, vi } from 'vitest';
import { TABLES } from '../../../supervisor/supervisor-store.js';
import { rowsIn } from '../store/temp-store.js';
import { addConnected, disconnect, hold, reconnect, setUp, text, untilGiven } from './sends-setting.js';

it('keeps the order of a session, and does not let sessions wait for each other', async () => {
  const setting = await setUp();
  await addConnected(setting.registry, 's2');
  const { confirm } = hold(setting.fleet);
  const words = Array.from({ length: 40 }, (_, n) => String(n));
  const sent = words.map(async (word) => setting.sends.send(text(word)));
  await untilGiven(setting, 16);
  const other = setting.sends.send(text('other', undefined, 's2'));
  await untilGiven(setting, 17);
  for (let n = 0; n < 41; n++) {
    await vi.waitFor(() => {
      expect(setting.given().length).toBeGreaterThan(n);
    }, 60_000);
    confirm(n);
  }
  await Promise.all([...sent, other]);
  expect(
    setting
      .given()
      .filter(({ text: word }) => word !== 'other')
      .map(({ text: word }) => word),
  ).toEqual(words);
});

it('keeps the order of what waited for the session', async () => {
  const setting = await setUp();
  await disconnect(setting);
  const words = ['a', 'b', 'c', 'd'];
  const sent = words.map(async (word) => setting.sends.send(text(word)));
  await vi.waitFor(() => {
    expect(rowsIn(setting.store, TABLES.intents)).toHaveLength(4);
  }, 60_000);
  await reconnect(setting);
  await Promise.all(sent);
  expect(setting.given().map(({ text: word }) => word)).toEqual(words);
});
