import { beforeEach, expect, it } from 'vitest';
import { callGuide, differences, type GuideClient } from '../../contract/guide-shapes.js';
import { GUIDE } from '../../contract/guide-examples.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';
import { STARTED_AT } from './memory-sessions.js';

closeServersAfterEach();

const sessionId = GUIDE.create.request.sessionId;
let fixture: Fixture;
let client: GuideClient;

beforeEach(async () => {
  fixture = await startServer();
  client = { baseUrl: fixture.baseUrl, token: TOKEN };
});

it('answers every call of the guide in the shape of its example', async () => {
  const problems: Record<string, string[]> = {};
  problems['health'] = (await callGuide({ ...client, token: undefined }, 'health')).problems;
  problems['create'] = (await callGuide(client, 'create')).problems;
  problems['connect'] = (await callGuide(client, 'connect', { sessionId })).problems;
  fixture.worker.set(sessionId, 'connected', 'opened', { phoneNumber: '+6281234567890' });
  problems['status'] = (await callGuide(client, 'status', { sessionId })).problems;
  problems['send'] = (await callGuide(client, 'send', { sessionId })).problems;
  fixture.worker.history.push({
    id: 'msg_001',
    chat: '6289876543210@s.whatsapp.net',
    from: '6281234567890@s.whatsapp.net',
    to: '6289876543210@s.whatsapp.net',
    fromMe: true,
    type: 'text',
    content: 'Hello!',
    timestamp: STARTED_AT,
    status: 'delivered',
  });
  problems['messages'] = (await callGuide(client, 'messages', { sessionId })).problems;
  problems['delete'] = (await callGuide(client, 'delete', { sessionId })).problems;
  expect(problems).toEqual({ health: [], create: [], connect: [], status: [], send: [], messages: [], delete: [] });
});

it('leaves the phone number out as long as it is unknown', async () => {
  await callGuide(client, 'create');
  expect((await callGuide(client, 'status', { sessionId, absent: ['data.phoneNumber'] })).problems).toEqual([]);
});

it('finds what differs from the guide', () => {
  expect(differences('health', GUIDE.health.response)).toEqual([]);
  expect(differences('health', { success: true, data: { ...GUIDE.health.response.data, uptime: '1' } })).toEqual([
    'health.data.uptime is "1" instead of a number',
  ]);
  expect(differences('delete', { ...GUIDE.delete.response, extra: 1 })).toEqual(['delete.extra is not in the guide']);
  expect(differences('send', { success: true, data: { messageId: '', status: 'pending', timestamp: 'now' } })).toHaveLength(3);
  expect(differences('connect', { success: false })).toEqual(['connect.success is false instead of true', 'connect.data is not an object']);
  expect(differences('messages', { success: true, data: { messages: [{}], pagination: {} } })).toHaveLength(11);
});
