import { expect, it } from 'vitest';
import type { SessionFact } from '../../../shared/ipc/protocol.js';
import { answerOpensWith, connected, eventually, OPEN, opens, start } from './placed-sessions-setting.js';

const OUTDATED: SessionFact = { type: 'closed', outcome: 'fail', reason: 'client_outdated' };

it('keeps wanting a session whose version was refused, without trying before somebody asks or the worker starts again', async () => {
  const setting = await start();
  await connected(setting, 'a', 'b');
  setting.tell('a', OUTDATED);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'error', reason: 'client_outdated', desired: 'connected' });
  await new Promise((resolve) => setImmediate(resolve));
  setting.fleet.exit(0);
  setting.fleet.start(0);
  await eventually(() => {
    expect(opens(setting).map(([sessionId]) => sessionId)).toEqual(['a', 'b', 'b']);
  });
  expect(setting.sessions.get('a').state).toBe('error');
  answerOpensWith(setting, OPEN);
  expect((await setting.sessions.connect('a')).state).toBe('connected');
});

it('lets the runner of such sessions end', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.tell('a', OUTDATED);
  await setting.store.settled();
  await setting.sessions.releaseIdle();
  await setting.sessions.releaseIdle();
  expect(setting.fleet.views()).toEqual([]);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'error', desired: 'connected' });
});

it('gives every other refusal up for good', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.tell('a', { type: 'closed', outcome: 'fail', reason: 'forbidden' });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'error', desired: 'disconnected' });
});
