import { once } from 'node:events';
import { expect, test } from 'vitest';
import { setUp } from './setting.js';

test('unlinking a device ends its connection with 401, and its next login too', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  await client.unlink(phone.number, 1);
  await companion.untilEnd(401);
  companion.ends.length = 0;
  companion.connect();
  await companion.untilEnd(401);
  expect((await client.phone(phone.number)).devices).toEqual([]);
});

test('a device that was unlinked while offline learns of it at its next login', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  companion.vanish();
  await client.unlink(phone.number, 1);
  companion.connect();
  await companion.untilEnd(401);
});

test('a device that logs itself out is no longer linked', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  await companion.socket.logout();
  await expect.poll(async () => (await client.phone(phone.number)).devices).toEqual([]);
});

test('a login with another noise key is refused with 401', async () => {
  const { link } = await setUp();
  const { companion } = await link();
  companion.vanish();
  Object.assign(companion.creds, { noiseKey: companion.creds.pairingEphemeralKeyPair });
  companion.connect();
  await companion.untilEnd(401);
});

test('a second connection of one identity replaces the first with 440, and the log proves the overlap', async () => {
  const { client, link, device } = await setUp();
  const { phone, companion } = await link();
  const twin = device();
  Object.assign(twin.creds, companion.creds);
  await twin.login();
  await companion.untilEnd(440);
  const { overlaps, verdict } = await client.connections();
  expect(verdict).toBe('overlapping');
  expect(overlaps).toMatchObject([{ deviceJid: `${phone.number}:1@s.whatsapp.net`, olderConnId: 2, newerConnId: 3 }]);
});

test('a device that closes before it comes back does not overlap with itself', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  for (let round = 0; round < 5; round += 1) {
    companion.vanish();
    await companion.login();
  }
  await client.addFault({ kind: 'freeze', target: { number: phone.number } });
  companion.vanish();
  await client.clearFaults();
  await companion.login();
  const { connections, verdict } = await client.connections();
  expect(verdict).toBe('single');
  expect(connections.filter(({ closedAt }) => closedAt === null)).toHaveLength(1);
  expect(connections.map(({ closeReason }) => closeReason).slice(1, -1)).toEqual(Array.from({ length: 6 }, () => 'client vanished'));
});

test('connects are refused with HTTP 503 as often as told', async () => {
  const { client, link } = await setUp();
  const { companion } = await link();
  companion.vanish();
  await client.addFault({ kind: 'refuse-connect', count: 1 });
  companion.connect();
  const { ws } = companion.socket;
  // Baileys itself never notices: no error, no close, no timeout.
  const [, response] = (await once(ws, 'unexpected-response')) as [unknown, { statusCode: number }];
  expect(response.statusCode).toBe(503);
  await companion.login();
});

test('logins are refused with 405 or 503 as often as told', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  for (const [fault, code] of [
    [{ kind: 'refuse-login', reason: 405, count: 1 }, 405],
    [{ kind: 'refuse-login', reason: 503, as: 'stream-error', target: { number: phone.number }, count: 1 }, 503],
  ] as const) {
    companion.vanish();
    companion.ends.length = 0;
    await client.addFault(fault);
    companion.connect();
    await companion.untilEnd(code);
    expect(await client.faults()).toEqual([]);
  }
  await companion.login();
});

test('a connection can be dropped, closed, and ended with a stream error', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link();
  const target = { number: phone.number };
  for (const [order, code] of [
    [{ how: 'destroy' }, 428],
    [{ how: 'close' }, 428],
    [{ how: 'stream-error', code: 500 }, 500],
  ] as const) {
    companion.ends.length = 0;
    expect(await client.closeConnections(order, target)).toBe(1);
    await companion.untilEnd(code);
    await companion.login();
  }
  await expect(client.closeConnections({ how: 'close' }, { connId: 99 })).rejects.toMatchObject({ code: 'NO_CONNECTION' });
});
