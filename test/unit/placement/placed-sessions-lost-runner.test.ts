import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { answerOpensWith, connected, create, eventually, OPEN, opens, QR, start, states } from './placed-sessions-setting.js';

it('shows sessions of a dead runner as on their way, and opens those that are wanted with a higher epoch once it is back', async () => {
  const setting = await start(undefined, { maxSessionsPerRunner: 5 });
  await connected(setting, 'open', 'left');
  await setting.sessions.disconnect('left');
  await create(setting, 'scanning', 'unplaced');
  answerOpensWith(setting, QR);
  await setting.sessions.connect('scanning');
  await new Promise((resolve) => setImmediate(resolve));
  const before = opens(setting).length;
  answerOpensWith(setting);
  setting.fleet.exit(0);
  expect(states(setting)).toEqual(['open reconnecting', 'left disconnected', 'scanning connecting', 'unplaced disconnected']);
  expect(setting.registry.get('open').reason).toBe('runner_lost');
  setting.fleet.start(0);
  await eventually(() => {
    expect(opens(setting).slice(before)).toEqual([
      ['open', 0, 2, false],
      ['scanning', 0, 2, true],
    ]);
  });
  setting.sessions.onFact('open', 1, OPEN);
  expect(setting.registry.get('open').state).toBe('reconnecting');
  setting.sessions.onFact('open', 2, OPEN);
  expect(setting.registry.get('open').state).toBe('connected');
});

it('leaves sessions of other runners alone', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b', 'c');
  setting.fleet.exit(1);
  expect(states(setting)).toEqual(['a connected', 'b connected', 'c reconnecting']);
});

it('shows a session as disconnected when its runner died while it was being disconnected', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.fleet.answer = async (call) => {
    if (call.method !== 'session.close') return undefined;
    setting.fleet.exit(0);
    return Promise.reject(new AppError('RUNNER_UNAVAILABLE', 'The runner ended.'));
  };
  await setting.sessions.disconnect('a').catch(() => undefined);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'disconnected', desired: 'disconnected' });
});

it('disconnects a session whose runner does not run, without starting it', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.fleet.exit(0);
  expect(await setting.sessions.disconnect('a')).toMatchObject({ state: 'disconnected', reason: 'disconnect_requested' });
  expect(setting.fleet.views()).toEqual([]);
  expect(setting.fleet.of('session.close')).toEqual([]);
});

it('connects nothing any more once it stops, and takes no runner for lost', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.sessions.stop();
  setting.fleet.exit(0);
  expect(states(setting)).toEqual(['a connected']);
  setting.fleet.start(0);
  await new Promise((resolve) => setImmediate(resolve));
  await setting.store.settled();
  expect(opens(setting)).toHaveLength(1);
});
