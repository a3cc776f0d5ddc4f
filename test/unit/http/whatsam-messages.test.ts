import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import { eventually } from '../../fixtures/eventually.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';

closeServersAfterEach();
const ANNA = '6281234567890@s.whatsapp.net';
const TEXT = { to: '6281234567890', type: 'text', message: 'Hello' };

const connected = async (): Promise<Fixture> => {
  const fixture = await startServer({ backend: { dialect: 'whatsam' } });
  await fixture.worker.sessions.create({ sessionId: 'alice' });
  fixture.worker.set('alice', 'connected', 'opened');
  return fixture;
};
const send = async ({ call }: Fixture, body: unknown): ReturnType<Fixture['call']> => call('POST', '/api/alice/send', body);

describe('a send', () => {
  it('answers id and status flat and nested', async () => {
    const fixture = await connected();
    const { body, data } = await send(fixture, TEXT);
    expect(data).toEqual({ messageId: 'msg_1', status: 'SENT', to: ANNA, timestamp: '2024-01-15T10:30:00.000Z' });
    expect(body).toEqual({ ...data, success: true, data });
    expect(fixture.worker.sent).toMatchObject([{ sessionId: 'alice', to: ANNA, content: { type: 'text', text: 'Hello' } }]);
  });

  it.each([
    [{ url: 'https://example.com/a' }, 'https://example.com/a'],
    [{ url: 'https://example.com/a', text: 'Look:' }, 'Look:\nhttps://example.com/a'],
    [{ url: 'https://example.com/a', text: 'Look: https://example.com/a!' }, 'Look: https://example.com/a!'],
    [{ link: { url: 'https://example.com/a', title: 'A', description: 'About a' } }, 'A\nAbout a\nhttps://example.com/a'],
  ])('of the link %j is one text', async (fields, text) => {
    const fixture = await connected();
    expect((await send(fixture, { to: ANNA, type: 'link', ...fields })).status).toBe(200);
    expect(fixture.worker.sent).toMatchObject([{ content: { type: 'text', text } }]);
  });

  it.each([
    [
      { type: 'location', location: { latitude: -6.2, longitude: 106.8, name: 'Jakarta', address: null } },
      { type: 'location', latitude: -6.2, longitude: 106.8, name: 'Jakarta' },
    ],
    [
      { type: 'contact', contact: { name: 'Bob', phone: '+62 812-3456-7890', organization: '', email: 'b@example.com' } },
      { type: 'contacts', contacts: [{ name: 'Bob', phones: ['6281234567890'], email: 'b@example.com' }] },
    ],
    [
      { type: 'poll', question: 'Which?', options: ['a', 'b'], maxAnswer: 2 },
      { type: 'poll', question: 'Which?', options: ['a', 'b'], selectable: 2 },
    ],
    [
      { type: 'poll', poll: { question: 'Which?', options: ['a', 'b'] } },
      { type: 'poll', question: 'Which?', options: ['a', 'b'], selectable: 1 },
    ],
  ])('of %j is sent', async (fields, content) => {
    const fixture = await connected();
    expect((await send(fixture, { to: ANNA, ...fields })).status).toBe(200);
    expect(fixture.worker.sent).toMatchObject([{ to: ANNA, content }]);
  });

  it.each([
    [{ type: 'seen', messageId: '3EB0' }, ['read', ANNA, ['3EB0']]],
    [{ type: 'typing_start' }, ['typing', ANNA, 'composing']],
    [{ type: 'typing_stop' }, ['typing', ANNA, 'paused']],
  ])('of %j is done', async (fields, done) => {
    const fixture = await connected();
    expect(await send(fixture, { to: ANNA, ...fields })).toMatchObject({ status: 200, data: { status: 'SENT', to: ANNA } });
    expect(fixture.worker.acted).toEqual([['alice', ...done]]);
    expect(fixture.worker.sent).toEqual([]);
  });

  const A = createHash('sha256').update(Buffer.alloc(3)).digest('hex');
  it.each([
    [
      { type: 'image', mediaUrl: 'https://example.com/a.png', media: null, caption: 'A' },
      { type: 'image', caption: 'A' },
      'https://example.com/a.png',
    ],
    [{ type: 'video', mediaUrl: 'https://example.com/a.mp4', caption: '' }, { type: 'video' }, 'https://example.com/a.mp4'],
    [
      { type: 'document', mediaUrl: 'https://example.com/a', media: '', filename: 'a.pdf' },
      { type: 'document', fileName: 'a.pdf' },
      'https://example.com/a',
    ],
    [{ type: 'audio', media: 'AAAA' }, { type: 'audio' }, A],
    [{ type: 'sticker', media: 'data:image/webp;base64,AAAA' }, { type: 'sticker' }, A],
  ])('of the file %j is sent', async (fields, wish, source) => {
    const fixture = await connected();
    expect((await send(fixture, { to: ANNA, ...fields })).status).toBe(200);
    expect(fixture.worker.sent).toMatchObject([{ to: ANNA, wish: [wish, source] }]);
  });

  it('of the same file, after a 5xx, is the same message, and with another file another', async () => {
    const fixture = await connected();
    fixture.worker.beforeSent = async () => Promise.reject(new AppError('RUNNER_UNAVAILABLE', 'No.'));
    const image = { to: ANNA, type: 'image', media: 'AAAA' };
    for (const body of [image, image, { ...image, media: 'AAAB' }, { ...image, caption: 'A' }]) await send(fixture, body);
    const [first, second, ...others] = fixture.worker.sent.map(({ idempotencyKey }) => idempotencyKey);
    expect(second).toBe(first);
    expect(new Set([first, ...others]).size).toBe(3);
  });

  it.each([
    [{ type: 'fax' }, 'type must be one of text, link'],
    [{ to: ANNA, type: 'text' }, 'message is required'],
    [{ to: 'anna', type: 'text', message: 'x' }, 'to must be a phone number'],
    [{ to: ANNA, type: 'link', url: 'javascript:alert(1)' }, 'url must be an http or https URL'],
    [{ to: ANNA, type: 'link', url: 'https://a.example', text: 'x'.repeat(65_536) }, 'at most 65536'],
    [{ to: ANNA, type: 'image' }, 'mediaUrl or media is required'],
    [{ to: ANNA, type: 'image', media: 'no base64!' }, 'media must be a file in base64'],
    [{ to: ANNA, type: 'image', media: 'AAAA', mediaUrl: 'https://example.com/a.png' }, 'give one of mediaUrl, media'],
    [{ to: ANNA, type: 'location', location: { latitude: 91, longitude: 0 } }, 'latitude must be a number from -90 to 90'],
    [{ to: ANNA, type: 'poll', question: 'Which?', options: ['a'] }, 'options must be at least 2'],
    [{ type: 'typing_start' }, 'to is required'],
  ])('of %j is refused with a sentence', async (body, sentence) => {
    const fixture = await connected();
    const answer = await send(fixture, body);
    expect(answer.status).toBe(400);
    expect(answer.body['error']).toEqual(expect.stringContaining(sentence));
  });

  it('from an unknown session is a 404, whatever it is', async () => {
    const { call } = await connected();
    for (const body of [TEXT, { to: ANNA, type: 'typing_start' }, { to: ANNA, type: 'sticker', media: 'AAAA' }]) {
      expect(await call('POST', '/api/nobody/send', body)).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } });
    }
  });
});

describe('an identical send', () => {
  const keys = ({ worker }: Fixture): (string | undefined)[] => worker.sent.map(({ idempotencyKey }) => idempotencyKey);

  it('after an answer is another message', async () => {
    const fixture = await connected();
    await send(fixture, TEXT);
    await send(fixture, TEXT);
    expect(new Set(keys(fixture)).size).toBe(2);
    await eventually(() => fixture.worker.toldKeys.length === 2, 'both keys to be forgotten');
    expect(fixture.worker.toldKeys).toEqual(keys(fixture));
  });

  it('after a 5xx is the same message, and after a 4xx another', async () => {
    const fixture = await connected();
    const codes = ['RUNNER_UNAVAILABLE', 'DEADLINE_EXCEEDED', 'RECIPIENT_NOT_ON_WHATSAPP'] as const;
    for (const code of codes) {
      fixture.worker.beforeSent = async () => Promise.reject(new AppError(code, 'No.'));
      await send(fixture, TEXT);
    }
    fixture.worker.beforeSent = async () => Promise.resolve();
    await send(fixture, TEXT);
    const [first, second, third, fourth] = keys(fixture);
    expect([second, third]).toEqual([first, first]);
    expect(fourth).not.toBe(first);
  });

  it('after its client went away is the same message', async () => {
    const fixture = await connected();
    const pending: (() => void)[] = [];
    fixture.worker.beforeSent = async () => new Promise((resolve) => pending.push(resolve));
    for (const tries of [1, 2]) {
      const leave = new AbortController();
      const answer = fetch(`${fixture.baseUrl}/api/alice/send`, {
        method: 'POST',
        headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
        body: JSON.stringify(TEXT),
        signal: leave.signal,
      }).catch(() => 'left');
      await eventually(() => fixture.worker.sent.length === tries, 'a send');
      leave.abort();
      expect(await answer).toBe('left');
    }
    const last = send(fixture, TEXT);
    await eventually(() => fixture.worker.sent.length === 3, 'the third try');
    for (const goOn of pending) goOn();
    expect((await last).status).toBe(200);
    expect(new Set(keys(fixture)).size).toBe(1);
    fixture.worker.beforeSent = async () => Promise.resolve();
    await send(fixture, TEXT);
    expect(new Set(keys(fixture)).size).toBe(2);
  });

  it('with a key of its own keeps that', async () => {
    const fixture = await connected();
    await fixture.call('POST', '/api/alice/send', TEXT, { 'idempotency-key': 'mine' });
    expect(keys(fixture)).toEqual(['mine']);
  });
});

describe('an action on a message', () => {
  const PATHS = ['/api/message/alice/manage', '/api/messages/alice/manage'];
  const ACTION = { action: 'delete', messageId: '3EB0', phone: ANNA, forEveryone: true };

  it.each([
    [{ action: 'delete' }, { type: 'revoke', messageId: '3EB0' }],
    [{ action: 'unsend' }, { type: 'revoke', messageId: '3EB0' }],
    [
      { action: 'edit', content: 'New words' },
      { type: 'edit', messageId: '3EB0', text: 'New words' },
    ],
    [
      { action: 'edit', newText: 'New words' },
      { type: 'edit', messageId: '3EB0', text: 'New words' },
    ],
    [
      { action: 'reaction', emoji: '👍' },
      { type: 'reaction', messageId: '3EB0', emoji: '👍' },
    ],
    [
      { action: 'reaction', emoji: '' },
      { type: 'reaction', messageId: '3EB0', emoji: '' },
    ],
    [{ action: 'pin' }, { type: 'pin', messageId: '3EB0', pinned: true }],
    [{ action: 'unpin' }, { type: 'pin', messageId: '3EB0', pinned: false }],
  ])('%j is sent, once for all tries of the gateway', async (fields, content) => {
    const fixture = await connected();
    fixture.worker.beforeSent = async () => Promise.reject(new AppError('RUNNER_UNAVAILABLE', 'No.'));
    for (const path of PATHS) expect((await fixture.call('POST', path, { ...ACTION, ...fields })).status).toBe(503);
    fixture.worker.beforeSent = async () => Promise.resolve();
    const { status, data } = await fixture.call('POST', PATHS[0] ?? '', { ...ACTION, ...fields });
    expect(status).toBe(200);
    expect(data).toMatchObject({ action: fields.action, messageId: '3EB0', status: 'SENT', to: ANNA });
    expect(fixture.worker.sent).toMatchObject([{ to: ANNA, content }, { content }, { content }]);
    expect(new Set(fixture.worker.sent.map(({ idempotencyKey }) => idempotencyKey)).size).toBe(1);
  });

  it.each([
    [{ action: 'delete', forEveryone: false }, ['deleteForMe', ANNA, '3EB0']],
    [{ action: 'star' }, ['star', ANNA, '3EB0', true]],
    [{ action: 'unstar' }, ['star', ANNA, '3EB0', false]],
    [{ action: 'read' }, ['read', ANNA, ['3EB0']]],
  ])('%j is done', async (fields, done) => {
    const fixture = await connected();
    for (const path of PATHS) {
      const { status, data } = await fixture.call('POST', path, { ...ACTION, ...fields });
      expect(status).toBe(200);
      expect(data).toMatchObject({ action: fields.action, messageId: '3EB0', status: 'SENT', to: ANNA });
    }
    expect(fixture.worker.acted).toEqual([
      ['alice', ...done],
      ['alice', ...done],
    ]);
  });

  it.each([
    [{ action: 'forward' }, 'action must be one of delete'],
    [{ messageId: '' }, 'messageId must not be empty'],
    [{ phone: 'anna' }, 'phone must be a phone number'],
    [{ action: 'edit' }, 'content is required to edit'],
    [{ action: 'reaction' }, 'emoji is required to react'],
    [{ action: 'reaction', emoji: 'ok' }, 'emoji must be one emoji'],
    [{ forEveryone: 'yes' }, 'forEveryone must be true or false'],
  ])('with %j is refused with a sentence', async (fields, sentence) => {
    const { call } = await connected();
    const answer = await call('POST', '/api/message/alice/manage', { ...ACTION, ...fields });
    expect(answer.status).toBe(400);
    expect(answer.body['error']).toEqual(expect.stringContaining(sentence));
  });
});
