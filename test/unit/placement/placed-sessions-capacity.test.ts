import { expect, it } from 'vitest';
import { answerOpensWith, connected, create, OPEN, opens, QR, start, states } from './placed-sessions-setting.js';

it('connects no unpaired session while memory is short, and every paired one', async () => {
  let short: string | undefined;
  const setting = await start(undefined, { memoryShortage: () => short });
  const { sessions } = setting;
  await connected(setting, 'paired');
  await sessions.disconnect('paired');
  await create(setting, 'new', 'scanning');
  answerOpensWith(setting, QR);
  await sessions.connect('scanning');
  short = 'Memory is short.';
  const refusal = { code: 'AT_CAPACITY', message: short, retryAfterSeconds: 60 };
  for (const refused of [sessions.connect('new'), sessions.restart('new'), sessions.pairingCode('new', '6281200000001')]) {
    await expect(refused).rejects.toMatchObject(refusal);
  }
  expect(sessions.get('new')).toMatchObject({ state: 'disconnected', desired: 'disconnected' });
  expect(opens(setting).map(([sessionId]) => sessionId)).not.toContain('new');

  // Whoever waits for a scan has what it takes already.
  expect((await sessions.connect('scanning')).state).toBe('qr_required');
  expect((await sessions.restart('scanning')).state).toBe('qr_required');
  answerOpensWith(setting, OPEN);
  expect((await sessions.connect('paired')).state).toBe('connected');
  short = undefined;
  await sessions.connect('new');
  expect(states(setting)).toContain('new connected');
});
