import { expect, it } from 'vitest';
import { ConnectThrottle } from '../../../supervisor/placement/connect-throttle.js';
import { answerOpensWith, connected, create, eventually, opens, QR, start } from './placed-sessions-setting.js';

it('opens a session once for connects at the same time', async () => {
  const setting = await start();
  await create(setting, 'a');
  answerOpensWith(setting, QR);
  const views = await Promise.all(Array.from({ length: 5 }, async () => setting.sessions.connect('a')));
  expect(opens(setting)).toHaveLength(1);
  for (const view of views) expect(view.state).toBe('qr_required');
});

it('does one thing at a time with a session', async () => {
  const setting = await start();
  await connected(setting, 'a');
  const order: string[] = [];
  setting.fleet.answer = async (call) => {
    order.push(`${call.method} begins`);
    await new Promise((resolve) => setImmediate(resolve));
    order.push(`${call.method} ends`);
    return undefined;
  };
  await Promise.allSettled([setting.sessions.disconnect('a'), setting.sessions.logout('a'), setting.sessions.delete('a')]);
  expect(order).toEqual(['close', 'logout', 'erase'].flatMap((method) => [`session.${method} begins`, `session.${method} ends`]));
});

it('gives up an open that waits when the session is disconnected meanwhile', async () => {
  let notBefore = performance.now() + 600_000;
  const gate = { notBefore: () => notBefore, atOnce: () => Number.POSITIVE_INFINITY, began: () => undefined };
  const throttle = new ConnectThrottle({ ratePerSecond: 5, gate });
  const setting = await start(undefined, { throttle });
  await create(setting, 'a', 'b');
  answerOpensWith(setting, QR);
  const connecting = setting.sessions.connect('a');
  await eventually(() => {
    expect(setting.registry.get('a').state).toBe('connecting');
  });
  await setting.sessions.disconnect('a');
  expect((await connecting).state).toBe('disconnected');
  notBefore = 0;
  throttle.look();
  await setting.sessions.connect('b');
  expect(opens(setting).map(([sessionId]) => sessionId)).toEqual(['b']);
});
