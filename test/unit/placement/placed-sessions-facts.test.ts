import { expect, it } from 'vitest';
import type { SessionFact } from '../../../shared/ipc/protocol.js';
import type { SessionRow } from '../../../supervisor/supervisor-store.js';
import { answerOpensWith, connected, create, ME, OPEN, opens, QR, start, states } from './placed-sessions-setting.js';

it('shows a QR as the answer to a first connect', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, { type: 'connecting' }, QR);
  expect(await setting.sessions.connect('a')).toMatchObject({
    state: 'qr_required',
    status: 'qr_required',
    qr: { value: 'Sesame' },
    desired: 'connected',
  });
  expect(opens(setting)).toEqual([['a', 0, 1, true]]);
});

it('follows a pairing from the QR over the restart to the open connection', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  await setting.sessions.connect('a');
  setting.tell('a', { type: 'paired', jid: ME });
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'restart_required' });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connecting', status: 'disconnected', phoneNumber: '+15550000001' });
  setting.tell('a', { type: 'connecting' });
  setting.tell('a', OPEN);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connected', pushName: 'Shop', lid: '99900000001@lid' });
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'transient' });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'reconnecting', reason: 'transient' });
  setting.tell('a', { type: 'open', jid: ME });
  expect(setting.sessions.get('a')).toMatchObject({ state: 'connected', pushName: 'Shop', lid: '99900000001@lid' });
});

it('says that the proxy fails also of a session that is being connected already, and that it is something else then', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  await setting.sessions.connect('a');
  const lose = (reason: 'transient' | 'proxy_failed'): unknown => {
    setting.tell('a', { type: 'closed', outcome: 'retry', reason });
    const { state, reason: why } = setting.sessions.get('a');
    return [state, why];
  };
  expect([lose('transient'), lose('proxy_failed')]).toEqual([
    ['connecting', 'transient'],
    ['connecting', 'proxy_failed'],
  ]);
  setting.tell('a', OPEN);
  expect([lose('transient'), lose('proxy_failed'), lose('proxy_failed'), lose('transient')]).toEqual([
    ['reconnecting', 'transient'],
    ['reconnecting', 'proxy_failed'],
    ['reconnecting', 'proxy_failed'],
    ['reconnecting', 'transient'],
  ]);
});

it.each<[Extract<SessionFact, { type: 'closed' }>, Partial<SessionRow>]>([
  [
    { type: 'closed', outcome: 'stop', reason: 'replaced' },
    { state: 'disconnected', reason: 'replaced', desired: 'disconnected', paired: true },
  ],
  [
    { type: 'closed', outcome: 'fail', reason: 'forbidden' },
    { state: 'error', reason: 'forbidden', desired: 'disconnected', paired: true },
  ],
  [
    { type: 'closed', outcome: 'logout', reason: 'logged_out' },
    { state: 'logged_out', desired: 'disconnected', paired: false, everConnected: false, jid: undefined, lid: undefined },
  ],
  [
    { type: 'closed', outcome: 'still_failing', reason: 'bad_session' },
    { state: 'error', reason: 'bad_session', desired: 'connected', paired: true },
  ],
])('takes %j for what it means', async (fact, expected) => {
  const setting = await start();
  await connected(setting, 'a');
  setting.tell('a', fact);
  expect(setting.registry.get('a')).toMatchObject(expected);
});

it('shows a session as connected again that was still retried while shown as error', async () => {
  const setting = await start();
  await connected(setting, 'a');
  setting.tell('a', { type: 'closed', outcome: 'still_failing', reason: 'bad_session' });
  setting.tell('a', { type: 'closed', outcome: 'retry', reason: 'transient' });
  expect(setting.sessions.get('a').state).toBe('error');
  setting.tell('a', OPEN);
  expect(setting.sessions.get('a').state).toBe('connected');
});

it('ignores facts of an earlier owner, and of sessions that are gone', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const { epoch } = setting.registry.get('a');
  for (const wrong of [epoch - 1, epoch + 1])
    setting.sessions.onFact('a', wrong, { type: 'closed', outcome: 'logout', reason: 'logged_out' });
  setting.sessions.onFact('nobody', 0, OPEN);
  expect(states(setting)).toEqual(['a connected']);
});

it('does not take a late word of a disconnected session for a new connect', async () => {
  const setting = await start();
  await connected(setting, 'a');
  await setting.sessions.disconnect('a');
  for (const fact of [{ type: 'connecting' }, QR, OPEN, { type: 'closed', outcome: 'retry', reason: 'transient' }] as const)
    setting.tell('a', fact);
  expect(setting.sessions.get('a')).toMatchObject({ state: 'disconnected', reason: 'disconnect_requested', desired: 'disconnected' });
});
