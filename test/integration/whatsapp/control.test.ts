import { connect } from 'node:net';
import { expect, test } from 'vitest';
import { WebSocket } from 'ws';
import { WhatsappApiError } from '../../whatsapp/client.js';
import { setUp } from './setting.js';

async function post(url: string, body: string): Promise<{ status: number; code: string }> {
  const response = await fetch(url, { method: 'POST', body });
  const { code } = (await response.json()) as { code: string };
  return { status: response.status, code };
}

test('garbage on the control API gets a 4xx with a code, and the API stays up', async () => {
  const { whatsapp, client } = await setUp();
  const { number } = await client.createPhone();
  const url = whatsapp.controlUrl;
  expect(await post(`${url}/phones`, '{')).toEqual({ status: 400, code: 'INVALID_JSON' });
  expect(await post(`${url}/phones`, '[]')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/phones`, '{"number":"12"}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/phones`, `{"number":"${number}"}`)).toEqual({ status: 409, code: 'NUMBER_TAKEN' });
  expect(await post(`${url}/phones`, '{"nummer":"6281234567890"}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/phones`, ' '.repeat(5_000_000))).toEqual({ status: 413, code: 'BODY_TOO_LARGE' });
  expect(await post(`${url}/phones/1/send`, '{"to":"6281234567890","text":"x"}')).toEqual({ status: 404, code: 'PHONE_NOT_FOUND' });
  expect(await post(`${url}/phones/${number}/send`, '{"to":"me","text":""}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/phones/${number}/read`, '{}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/phones/${number}/enter-code`, '{"code":"ABCD1234"}')).toEqual({ status: 404, code: 'NO_CODE_REQUESTED' });
  expect(await post(`${url}/faults`, '{"kind":"earthquake"}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/faults`, '{"kind":"refuse-login","reason":7}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect(await post(`${url}/stats`, '{}')).toEqual({ status: 405, code: 'METHOD_NOT_ALLOWED' });
  expect(await post(`${url}/phones/%E0%A4%A/send`, '{}')).toEqual({ status: 400, code: 'INVALID_REQUEST' });
  expect((await fetch(`${url}/nowhere`)).status).toBe(404);
  expect((await fetch(`${url}/phones/${number}/shown?after=minus`)).status).toBe(400);
  expect((await fetch(`${url}/phones/${number}/devices/7`, { method: 'DELETE' })).status).toBe(404);
  expect((await fetch(`${url}/faults/99`, { method: 'DELETE' })).status).toBe(404);
  expect((await client.stats()).errors).toEqual({});
});

test('garbage on the websocket port ends that connection only', async () => {
  const { whatsapp, client, link } = await setUp();
  const { companion } = await link();
  const { port } = new URL(whatsapp.url);
  for (const bytes of ['GET / HTTP/1.1\r\n\r\n', 'not even HTTP\r\n\r\n', '\0\0\0\0']) {
    await new Promise<void>((resolve) => {
      const socket = connect(Number(port), '127.0.0.1', () => socket.end(bytes));
      socket
        .on('error', () => resolve())
        .on('close', () => resolve())
        .resume();
    });
  }
  for (const bytes of [Buffer.from('hello there'), Buffer.from([0x57, 0x41, 6, 3, 0, 0, 4, 1, 2, 3, 4]), Buffer.alloc(70_000, 7)]) {
    await new Promise<void>((resolve) => {
      const socket = new WebSocket(whatsapp.url);
      socket.addEventListener('open', () => socket.send(bytes));
      socket.addEventListener('close', () => resolve());
    });
  }
  expect(companion.open).toBe(true);
  expect((await client.stats()).errors['protocol']).toBe(3);
});

test('a wait ends with what it waited for, or when its time is up', async () => {
  const { whatsapp, client } = await setUp();
  const [ann, bob] = await Promise.all([client.createPhone(), client.createPhone()]);
  const waiting = client.waitForShown(ann.number, ({ text }) => text === 'second');
  await client.send(bob.number, ann.number, 'first');
  await client.send(bob.number, ann.number, 'second');
  expect(await waiting).toMatchObject({ seq: 2, sender: bob.number, senderDevice: 0 });
  await expect(client.send(ann.number, '628999999999', 'x')).rejects.toBeInstanceOf(WhatsappApiError);
  await expect(client.waitForShown(ann.number, 'never', 50)).rejects.toThrow('within 50 ms');
  const page = await fetch(`${whatsapp.controlUrl}/phones/${ann.number}/shown?after=1&id=none&waitMs=50`);
  expect(await page.json()).toEqual({ items: [], last: 2 });
});

test('numbers are made up, or taken as asked', async () => {
  const { client } = await setUp();
  expect(await client.createPhone()).toMatchObject({ number: '6281200000001', jid: '6281200000001@s.whatsapp.net', online: true });
  expect(await client.createPhone({ number: '491701234567', name: 'Zoe' })).toMatchObject({ number: '491701234567', name: 'Zoe' });
  expect((await client.listPhones()).map(({ number }) => number)).toEqual(['6281200000001', '491701234567']);
});
