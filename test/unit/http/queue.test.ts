import { beforeEach, describe, expect, it } from 'vitest';
import { closeServersAfterEach, startServer, type Fixture } from './http-fixture.js';
import { queuedSend } from './memory-worker.js';

closeServersAfterEach();

const good = { to: '6281234567890', type: 'text', message: 'Hello!' };
let fixture: Fixture;

beforeEach(async () => {
  fixture = await startServer();
  await fixture.worker.sessions.create({ sessionId: 's1' });
  fixture.worker.set('s1', 'connected', 'opened');
});

describe('an asynchronous send', () => {
  const send = async (changes: Record<string, unknown>, headers?: Record<string, string>) =>
    fixture.call('POST', '/session/s1/send', { ...good, ...changes }, headers);

  it('is answered 202 with its place in the queue', async () => {
    const { status, body } = await send({ async: true });
    expect(status).toBe(202);
    expect(body).toEqual({
      success: true,
      data: { messageId: 'msg_1', status: 'queued', position: 1, estimatedAt: '2024-01-15T10:30:30.000Z' },
    });
  });

  it.each(['respond-async', 'Respond-Async', 'respond-async; foo="a"', 'wait=10, respond-async'])(
    'is asked for by "Prefer: %s", and says so',
    async (prefer) => {
      const { status, headers } = await send({}, { prefer });
      expect(status).toBe(202);
      expect(headers.get('preference-applied')).toBe('respond-async');
    },
  );

  it.each(['wait=10', 'respond-async-please', ''])('is not asked for by "Prefer: %s"', async (prefer) => {
    expect((await send({}, { prefer })).status).toBe(200);
  });

  it('is not made of one whose body says no', async () => {
    expect((await send({ async: false }, { prefer: 'respond-async' })).status).toBe(200);
    expect((await send({ async: null })).status).toBe(200);
  });

  it('is refused when its body says neither yes nor no', async () => {
    expect((await send({ async: 'yes' })).body['error']).toBe('The request is not valid: async must be true or false.');
  });
});

describe('the queue', () => {
  it('comes by pages', async () => {
    fixture.worker.queued = [1, 2, 3].map((position) => queuedSend({ messageId: `m${position}`, position }));
    const { body } = await fixture.call('GET', '/session/s1/queue?limit=1&offset=1');
    expect(body['data']).toEqual({
      sends: [
        {
          ...{ messageId: 'm2', to: '6281234567890@s.whatsapp.net', type: 'text', status: 'queued', position: 2 },
          ...{ queuedAt: '2024-01-15T10:30:00.000Z', estimatedAt: '2024-01-15T10:30:30.000Z' },
        },
      ],
      pagination: { total: 3, limit: 1, offset: 1 },
    });
  });

  it('tells no time while nobody knows it', async () => {
    fixture.worker.queued = [queuedSend({ estimatedAt: undefined })];
    const { body } = await fixture.call('GET', '/session/s1/queue');
    expect(JSON.stringify(body)).not.toContain('estimatedAt');
  });

  it('lets one be cancelled, or all that can be', async () => {
    fixture.worker.queued = ['a', 'b', 'c'].map((messageId) => queuedSend({ messageId, status: messageId === 'a' ? 'sending' : 'queued' }));
    expect((await fixture.call('DELETE', '/session/s1/queue/a')).body['code']).toBe('MESSAGE_NOT_QUEUED');
    expect((await fixture.call('DELETE', '/session/s1/queue/b')).body).toEqual({
      success: true,
      message: 'The message was cancelled and will not be sent.',
    });
    expect((await fixture.call('DELETE', '/session/s1/queue/b')).status).toBe(404);
    expect((await fixture.call('DELETE', '/session/s1/queue')).body['data']).toEqual({ cancelled: 1, left: 1 });
  });
});
