import { expect, it } from 'vitest';
import { answerOpensWith, connected, create, opens, QR, start } from './placed-sessions-setting.js';

it('logs out: tells the runner, forgets the pairing, and pairs anew with the next connect', async () => {
  const setting = await start();
  await connected(setting, 'a');
  expect(await setting.sessions.logout('a')).toMatchObject({ state: 'logged_out', phoneNumber: undefined, desired: 'disconnected' });
  expect(setting.fleet.of('session.logout')).toHaveLength(1);
  answerOpensWith(setting, QR);
  expect((await setting.sessions.connect('a')).state).toBe('qr_required');
  expect(opens(setting).at(-1)).toEqual(['a', 0, 2, true]);
});

it('logs out a session that was never placed without any runner', async () => {
  const setting = await start();
  await create(setting, 'a');
  expect((await setting.sessions.logout('a')).state).toBe('logged_out');
  expect(setting.fleet.calls).toEqual([]);
});
