import { expect, it } from 'vitest';
import { answerOpensWith, connected, create, QR, start } from './placed-sessions-setting.js';

it('asks the runner that shows the QR for a pairing code', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  expect(await setting.sessions.pairingCode('a', '15550000001')).toEqual({ code: 'ABCD1234', expiresAt: 5 });
  expect(setting.fleet.of('session.pairingCode')).toMatchObject([{ slot: 0, params: { sessionId: 'a', phoneNumber: '15550000001' } }]);
});

it('gives no pairing code to a paired session, or when no pairing is offered', async () => {
  const setting = await start();
  await connected(setting, 'a');
  await expect(setting.sessions.pairingCode('a', '1')).rejects.toMatchObject({ code: 'SESSION_ALREADY_PAIRED' });
  await create(setting, 'b');
  answerOpensWith(setting, { type: 'closed', outcome: 'fail', reason: 'client_outdated' });
  await expect(setting.sessions.pairingCode('b', '1')).rejects.toMatchObject({ code: 'QR_NOT_AVAILABLE' });
});
