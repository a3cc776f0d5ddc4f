import { expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { start } from './placed-sessions-setting.js';

it('gives one of two creates at the same time the session, and the other a refusal', async () => {
  const setting = await start();
  const outcomes = await Promise.allSettled([1, 2].map(async () => setting.sessions.create({ sessionId: 'a', userId: 'u' })));
  expect(outcomes.map((outcome) => (outcome.status === 'fulfilled' ? outcome.value.sessionId : (outcome.reason as AppError).code))).toEqual(
    ['a', 'SESSION_ALREADY_EXISTS'],
  );
  expect(setting.sessions.list()).toHaveLength(1);
});

it('takes no more sessions than it may, even when they are created at once', async () => {
  const setting = await start(undefined, { maxSessions: 3 });
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd', 'e'].map(async (sessionId) => setting.sessions.create({ sessionId })));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(3);
  for (const outcome of outcomes)
    if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'AT_CAPACITY', retryAfterSeconds: 60 });
  await expect(setting.sessions.create({ sessionId: 'a' })).rejects.toMatchObject({ code: 'SESSION_ALREADY_EXISTS' });
  await setting.sessions.delete('a');
  await setting.sessions.create({ sessionId: 'd' });
});

it('knows no session it was not given', async () => {
  const { sessions } = await start();
  const uses = [
    async () => sessions.connect('x'),
    async () => sessions.disconnect('x'),
    async () => sessions.restart('x'),
    async () => sessions.logout('x'),
    async () => sessions.delete('x'),
    async () => sessions.pairingCode('x', '1'),
  ];
  for (const use of uses) await expect(use()).rejects.toMatchObject({ code: 'SESSION_NOT_FOUND' });
  expect(() => sessions.get('x')).toThrow(AppError);
});
