import { toDataURL } from 'qrcode';
import { expect, test } from 'vitest';
import { setUp } from './setting.js';

test('a device pairs by QR code, restarts with 515 and logs in', async () => {
  const { client, link } = await setUp();
  const { phone, companion } = await link('Ann');
  expect(companion.ends).toEqual([515]);
  expect(companion.creds.me).toMatchObject({ id: `${phone.number}:1@s.whatsapp.net`, name: 'Ann' });
  expect((await client.phone(phone.number)).devices).toMatchObject([{ device: 1, connected: true, receiving: true, preKeys: 811 }]);
});

test('a phone reads the QR code from a PNG data URL', async () => {
  const { client, device } = await setUp();
  const phone = await client.createPhone();
  const companion = device();
  companion.connect();
  await companion.until('a QR code', () => companion.qrs.length > 0);
  await client.scan(phone.number, await toDataURL(companion.qrs[0] ?? ''));
  await companion.until('logged in', () => companion.open);
});

test('a device pairs by pairing code, also when it is typed with a dash and in small letters', async () => {
  const { client, device } = await setUp();
  const phone = await client.createPhone();
  const companion = device();
  companion.connect();
  await companion.until('a QR code', () => companion.qrs.length > 0);
  const code = await companion.socket.requestPairingCode(phone.number);
  await client.enterCode(phone.number, `${code.slice(0, 4)}-${code.slice(4).toLowerCase()}`);
  await companion.until('logged in', () => companion.open);
  expect(companion.creds.account).toBeDefined();
});

test('a wrong pairing code is refused and links nothing', async () => {
  const { client, device } = await setUp();
  const phone = await client.createPhone();
  const companion = device();
  companion.connect();
  await companion.until('a QR code', () => companion.qrs.length > 0);
  await companion.socket.requestPairingCode(phone.number, 'ABCD1234');
  await expect(client.enterCode(phone.number, 'ABCD1235')).rejects.toMatchObject({ status: 422, code: 'WRONG_CODE' });
  expect((await client.phone(phone.number)).devices).toEqual([]);
});

test('a QR code that nobody shows, and a picture without one, are refused', async () => {
  const { client } = await setUp();
  const { number } = await client.createPhone();
  const key = Buffer.alloc(32).toString('base64');
  await expect(client.scan(number, `2@gone,${key},${key},${key},1`)).rejects.toMatchObject({ code: 'QR_UNKNOWN' });
  await expect(client.scan(number, 'data:image/png;base64,AAAA')).rejects.toMatchObject({ code: 'INVALID_QR' });
  await expect(client.scan(number, 'hello')).rejects.toMatchObject({ code: 'INVALID_QR' });
});

test('QR codes run out early when told to, and expired ones are refused', async () => {
  const { client, device } = await setUp();
  const phone = await client.createPhone();
  await client.addFault({ kind: 'qr', lifetimeMs: 300, count: 1 });
  const companion = device();
  companion.connect();
  await companion.until('a QR code', () => companion.qrs.length > 0);
  await companion.untilEnd(428);
  await expect(client.scan(phone.number, companion.qrs[0] ?? '')).rejects.toMatchObject({ status: 404 });

  await client.addFault({ kind: 'qr', refs: 1, count: 1 });
  const other = device({ qrTimeout: 100 });
  other.connect();
  await other.untilEnd(408);
  expect(other.qrs).toHaveLength(1);
});

test('a phone may ask for a passkey instead of linking', async () => {
  const { client, device } = await setUp();
  const phone = await client.createPhone();
  await client.addFault({ kind: 'passkey', number: phone.number, count: 1 });
  const companion = device();
  companion.connect();
  await companion.until('a QR code', () => companion.qrs.length > 0);
  const asked = new Promise((resolve) => companion.socket.ws.on('CB:notification,type:passkey_prologue_request', resolve));
  expect(await client.scan(phone.number, companion.qrs[0] ?? '')).toEqual({ deviceJid: null, passkeyRequested: true });
  await asked;
  companion.vanish();
});

test('a device pairs over TLS with the authority of the simulated WhatsApp', async () => {
  const { whatsapp, client, device } = await setUp({ tls: true });
  expect(whatsapp.url).toMatch(/^wss:/);
  const { readFile } = await import('node:fs/promises');
  const { Agent } = await import('node:https');
  const phone = await client.createPhone();
  const companion = device({ agent: new Agent({ ca: await readFile(whatsapp.caFile, 'utf8') }) });
  await companion.pair(client, phone.number);

  const stranger = device();
  stranger.connect();
  await stranger.until('refused', () => stranger.ends.length > 0);
});

test('a device that asked for a pairing code and comes back unpaired is refused with 401', async () => {
  const { client, device } = await setUp();
  const phone = await client.createPhone();
  const companion = device();
  companion.connect();
  await companion.until('a QR code', () => companion.qrs.length > 0);
  await companion.socket.requestPairingCode(phone.number);
  companion.vanish();
  companion.connect();
  await companion.untilEnd(401);
});
