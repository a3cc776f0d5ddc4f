import { expect, it, vi } from 'vitest';
import { TABLES, type SessionRow } from '../../../supervisor/supervisor-store.js';
import { answerOpensWith, connected, create, failOnce, OPEN, opens, QR, start } from './placed-sessions-setting.js';

it('does nothing for a connect of a connected session', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const { seq } = setting.sessions.get('a');
  expect(await setting.sessions.connect('a')).toMatchObject({ state: 'connected', seq });
  expect(opens(setting)).toHaveLength(1);
});

it('says so when a running runner did not take an open, and tries again a while later', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  failOnce('session.open', setting);
  await expect(setting.sessions.connect('a')).rejects.toMatchObject({ code: 'BUSY' });
  await vi.waitFor(() => {
    expect(setting.sessions.get('a').state).toBe('qr_required');
  }, 60_000);
  expect(opens(setting)).toEqual([
    ['a', 0, 1, true],
    ['a', 0, 2, true],
  ]);
});

it('closes and opens again for a restart', async () => {
  const setting = await start();
  await connected(setting, 'a');
  expect((await setting.sessions.restart('a')).state).toBe('connected');
  expect(setting.fleet.calls.map(({ method }) => method)).toEqual(['session.forget', 'session.open', 'session.close', 'session.open']);
});

it('has the higher epoch on disk before the runner hears of it', async () => {
  const setting = await start();
  await create(setting, 'a');
  const onDisk: unknown[] = [];
  setting.fleet.answer = (call) => {
    if (call.method !== 'session.open') return undefined;
    const [stored] = [...setting.store.range<SessionRow>(TABLES.sessions)];
    onDisk.push([stored?.value.epoch, call.params.epoch, stored?.value.slot]);
    setting.sessions.onFact('a', call.params.epoch, OPEN);
    return undefined;
  };
  await setting.sessions.connect('a');
  await setting.sessions.restart('a');
  expect(onDisk).toEqual([
    [1, 1, 0],
    [2, 2, 0],
  ]);
});
