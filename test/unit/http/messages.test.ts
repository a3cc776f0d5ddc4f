import { beforeEach, describe, expect, it } from 'vitest';
import type { Message } from '../../../shared/domain/message.js';
import { closeServersAfterEach, startServer, type Fixture } from './http-fixture.js';
import { STARTED_AT } from './memory-sessions.js';

closeServersAfterEach();

const good = { to: '+6281234567890', type: 'text', message: 'Hello!' };
let fixture: Fixture;

beforeEach(async () => {
  fixture = await startServer();
  await fixture.worker.sessions.create({ sessionId: 's1' });
  fixture.worker.set('s1', 'connected', 'opened');
});

describe('send', () => {
  const send = async (changes: Record<string, unknown>, headers?: Record<string, string>) =>
    fixture.call('POST', '/session/s1/send', { ...good, ...changes }, headers);

  it('answers exactly id, status and time', async () => {
    const { body } = await send({});
    expect(body).toEqual({ success: true, data: { messageId: 'msg_1', status: 'sent', timestamp: '2024-01-15T10:30:00.000Z' } });
    expect(fixture.worker.sent).toEqual([
      { sessionId: 's1', to: '6281234567890@s.whatsapp.net', content: { type: 'text', text: 'Hello!' }, idempotencyKey: undefined },
    ]);
  });

  it.each([
    ['6281234567890', '6281234567890@s.whatsapp.net'],
    ['6281234567890:12@s.whatsapp.net', '6281234567890@s.whatsapp.net'],
    ['123456789012345@lid', '123456789012345@lid'],
    ['120363000000000000@g.us', '120363000000000000@g.us'],
  ])('sends to %s', async (to, jid) => {
    expect((await send({ to })).status).toBe(200);
    expect(fixture.worker.sent[0]?.to).toBe(jid);
  });

  it.each(['a', ' ', '\n', '\u{1f600}'.repeat(32_768), 'a'.repeat(65_536)])('passes the text on as it is (%#)', async (message) => {
    expect((await send({ message })).status).toBe(200);
    expect(fixture.worker.sent[0]?.content).toEqual({ type: 'text', text: message });
  });

  it('takes the key from the header or the body, and from both when they agree', async () => {
    await send({}, { 'Idempotency-Key': 'key 1' });
    await send({ clientMessageId: 'key 2' });
    await send({ clientMessageId: 'key 3' }, { 'Idempotency-Key': 'key 3' });
    await send({ clientMessageId: null });
    expect(fixture.worker.sent.map(({ idempotencyKey }) => idempotencyKey)).toEqual(['key 1', 'key 2', 'key 3', undefined]);
  });

  it('says once what many values have wrong, and points at each of them', async () => {
    const { body } = await fixture.call('POST', '/session/s/contacts/check', { numbers: Array.from({ length: 50 }, () => 'bob') });
    expect(String(body['error']).match(/must be/g)).toHaveLength(1);
    expect(body['details']).toMatchObject({ issues: Array.from({ length: 50 }, (_, index) => ({ path: `numbers.${index}` })) });
  });

  it('points at every wrong field', async () => {
    const { status, body } = await send({ to: 'mother', message: '', type: 'text' });
    expect(status).toBe(400);
    expect(body['error']).toMatch(/^The request is not valid: .*to must be.*; message must not be empty\.$/);
    expect(body['details']).toEqual({
      issues: [
        { path: 'to', message: expect.stringContaining('phone number') as string },
        { path: 'message', message: 'message must not be empty' },
      ],
    });
  });
});

describe('history', () => {
  const message = (n: number): Message => ({
    id: `m${n}`,
    chat: '6289876543210@s.whatsapp.net',
    from: '6281234567890@s.whatsapp.net',
    to: '6289876543210@s.whatsapp.net',
    fromMe: false,
    type: 'image',
    content: null,
    timestamp: STARTED_AT,
    status: 'delivered',
    raw: 'c2VjcmV0',
    pushName: 'Me',
  });

  beforeEach(() => fixture.worker.history.push(...Array.from({ length: 60 }, (_, n) => message(n))));

  it('answers the first 50 without being asked for a range', async () => {
    const { data } = await fixture.call('GET', '/session/s1/messages');
    expect(data['messages']).toHaveLength(50);
    expect(data['pagination']).toEqual({ total: 60, limit: 50, offset: 0 });
  });

  it('answers the asked range and only the fields of the contract', async () => {
    const { data } = await fixture.call('GET', '/session/s1/messages?limit=1&offset=59&other=1');
    expect(data).toEqual({
      messages: [
        {
          id: 'm59',
          from: '6281234567890@s.whatsapp.net',
          to: '6289876543210@s.whatsapp.net',
          type: 'image',
          content: null,
          timestamp: '2024-01-15T10:30:00.000Z',
          status: 'delivered',
          fromMe: false,
          chat: '6289876543210@s.whatsapp.net',
        },
      ],
      pagination: { total: 60, limit: 1, offset: 59 },
    });
  });

  it('adds to the fields of the contract what else is known of a message', async () => {
    const known = {
      details: { bytes: 5 },
      quoted: { messageId: 'm1', from: '6281234567890@s.whatsapp.net', type: 'text', content: 'x' },
      mentions: ['6281234567890@s.whatsapp.net'],
      forwarded: 2,
    };
    fixture.worker.history.push({ ...message(60), ...known, editedAt: STARTED_AT, editId: 'e1', revokedAt: STARTED_AT });
    const { data } = await fixture.call('GET', '/session/s1/messages?limit=1&offset=60');
    const [shown] = data['messages'] as Record<string, unknown>[];
    const at = '2024-01-15T10:30:00.000Z';
    expect(shown).toMatchObject({ id: 'm60', type: 'image', ...known, editedAt: at, revokedAt: at });
    expect(shown).not.toHaveProperty('editId');
  });

  it('gives a cursor while there is more, and takes it back', async () => {
    const first = await fixture.call('GET', '/session/s1/messages?limit=40');
    const cursor = String(first.data['nextCursor']);
    const { data } = await fixture.call('GET', `/session/s1/messages?limit=40&cursor=${cursor}`);
    expect(data).not.toHaveProperty('nextCursor');
    expect(data['pagination']).toEqual({ total: 60, limit: 40 });
    expect(data['messages']).toHaveLength(20);
  });

  it('passes every filter on, and says how far it looked', async () => {
    const query = 'chat=%2B6289876543210&direction=in&type=image&status=read&since=2024-01-15T10:30:00Z&until=2024-01-16T00:00:00%2B02:00';
    const { data } = await fixture.call('GET', `/session/s1/messages?${query}`);
    expect(data).toMatchObject({ pagination: { limit: 50 }, looked: 7 });
    expect(fixture.worker.historyRanges.at(-1)?.filter).toEqual({
      ...{ chat: '6289876543210@s.whatsapp.net', direction: 'in', type: 'image', status: 'read' },
      ...{ since: STARTED_AT, until: Date.UTC(2024, 0, 15, 22) },
    });
  });

  it('shows one message', async () => {
    const { data } = await fixture.call('GET', '/session/s1/messages/m7?from=6281234567890');
    expect(data).toMatchObject({ id: 'm7', type: 'image' });
    expect((await fixture.call('GET', '/session/s1/messages/m7?from=6280000000000')).body).toMatchObject({ code: 'MESSAGE_NOT_FOUND' });
  });

  it('answers nothing beyond the end', async () => {
    expect((await fixture.call('GET', '/session/s1/messages?limit=500&offset=60')).data).toMatchObject({ messages: [] });
  });
});

describe('receipts', () => {
  it('shows who has a message, by every identity that is known, and since when', async () => {
    const { worker, call } = fixture;
    worker.history.push({
      ...{ id: 'm1', chat: '120363000000000001@g.us', from: '6281234567890@s.whatsapp.net', to: '120363000000000001@g.us' },
      ...{ fromMe: true, type: 'text', content: 'hello', timestamp: STARTED_AT, status: 'read' },
    });
    worker.receipts = [
      {
        jid: '100000000000001@lid',
        lid: '100000000000001@lid',
        name: undefined,
        deliveredAt: STARTED_AT,
        readAt: undefined,
        playedAt: undefined,
      },
      { jid: '6281234567891@s.whatsapp.net', name: 'Bob', deliveredAt: undefined, readAt: STARTED_AT, playedAt: STARTED_AT },
    ];
    const at = '2024-01-15T10:30:00.000Z';
    expect((await call('GET', '/session/s1/messages/m1/receipts')).data).toEqual({
      receipts: [
        { jid: '100000000000001@lid', lid: '100000000000001@lid', deliveredAt: at },
        { jid: '6281234567891@s.whatsapp.net', phoneNumber: '+6281234567891', name: 'Bob', readAt: at, playedAt: at },
      ],
    });
    expect((await call('GET', '/session/s1/messages/other/receipts')).body['code']).toBe('MESSAGE_NOT_FOUND');
  });
});
