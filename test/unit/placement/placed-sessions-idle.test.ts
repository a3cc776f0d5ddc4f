import { expect, it } from 'vitest';
import { connected, start } from './placed-sessions-setting.js';

it('ends a runner whose sessions are all disconnected, at the second look, and starts it again for a connect', async () => {
  const setting = await start(undefined, { maxSessionsPerRunner: 1 });
  await connected(setting, 'resting', 'busy');
  await setting.sessions.disconnect('resting');
  await setting.sessions.releaseIdle();
  expect(setting.fleet.views().map(({ slot }) => slot)).toEqual([0, 1]);
  await setting.sessions.releaseIdle();
  expect(setting.fleet.views().map(({ slot }) => slot)).toEqual([1]);
  expect(setting.sessions.get('busy').state).toBe('connected');
  expect((await setting.sessions.connect('resting')).state).toBe('connected');
  expect(
    setting.fleet
      .views()
      .map(({ slot }) => slot)
      .toSorted(),
  ).toEqual([0, 1]);
});

it('leaves a runner that was needed in between', async () => {
  const setting = await start();
  await connected(setting, 'wanted');
  await setting.sessions.disconnect('wanted');
  await setting.sessions.releaseIdle();
  expect((await setting.sessions.connect('wanted')).state).toBe('connected');
  await setting.sessions.releaseIdle();
  await setting.sessions.disconnect('wanted');
  await setting.sessions.releaseIdle();
  expect(setting.fleet.views()).toHaveLength(1);
});
