import { beforeEach, describe, expect, it } from 'vitest';
import { REASONS } from '../../../shared/domain/session.js';
import { closeServersAfterEach, startServer, type Fixture } from './http-fixture.js';
import { QR_VALUE } from './memory-worker.js';

closeServersAfterEach();

const NOW = '2024-01-15T10:30:00.000Z';
let fixture: Fixture;

beforeEach(async () => {
  fixture = await startServer();
  await fixture.call('POST', '/session/create', { sessionId: 's1', userId: 'u1', sessionName: 'Personal', unknown: true });
});

describe('create', () => {
  it('answers exactly what the guide says', async () => {
    const { status, body } = await fixture.call('POST', '/session/create', { sessionId: 's2' });
    expect(status).toBe(200);
    expect(body).toEqual({ success: true, data: { sessionId: 's2', status: 'disconnected', message: 'Session created successfully' } });
  });

  it('takes null and empty labels as none, and ignores unknown and dangerous keys', async () => {
    const text = '{"sessionId":"s3","userId":null,"sessionName":"","__proto__":{"admin":true},"constructor":1}';
    expect((await fixture.call('POST', '/session/create', text)).status).toBe(200);
    expect(fixture.worker.sessions.get('s3')).toMatchObject({ userId: undefined, sessionName: undefined });
    expect({}).not.toHaveProperty('admin');
  });

  it('accepts other JSON types and a charset', async () => {
    for (const type of ['application/json;charset=UTF-8', 'application/vnd.api+json', 'APPLICATION/JSON']) {
      const { status } = await fixture.call('POST', '/session/create', { sessionId: `t${type.length}` }, { 'Content-Type': type });
      expect(status, type).toBe(200);
    }
  });

  it('keeps the id "create" usable', async () => {
    await fixture.call('POST', '/session/create', { sessionId: 'create' });
    expect((await fixture.call('GET', '/session/create/status')).data['sessionId']).toBe('create');
    expect((await fixture.call('DELETE', '/session/create')).status).toBe(200);
    expect((await fixture.call('GET', '/session/create')).headers.get('allow')).toBe('POST, DELETE');
  });
});

describe('status', () => {
  it('tells state, reason and its sentence', async () => {
    expect((await fixture.call('GET', '/session/s1/status')).data).toEqual({
      sessionId: 's1',
      status: 'disconnected',
      lastActivity: NOW,
      reason: 'created',
      message: REASONS.created,
      since: NOW,
      seq: 0,
      desired: 'disconnected',
      createdAt: NOW,
      userId: 'u1',
      sessionName: 'Personal',
    });
  });

  it('tells how often the session was deaf, once it was', async () => {
    fixture.worker.set('s1', 'connected', 'opened', { deaf: { times: 2, rung: 2, lastAt: Date.parse(NOW) } });
    expect((await fixture.call('GET', '/session/s1/status')).data['deaf']).toEqual({ times: 2, rung: 2, lastAt: NOW });
  });

  it('lists all sessions in the same shape', async () => {
    await fixture.call('POST', '/session/create', { sessionId: 's2' });
    const { data } = await fixture.call('GET', '/sessions');
    expect(data).toMatchObject({
      total: 2,
      sessions: [
        { sessionId: 's1', userId: 'u1' },
        { sessionId: 's2', status: 'disconnected' },
      ],
    });
  });

  it('answers HEAD without a body', async () => {
    const { status, headers, body } = await fixture.call('HEAD', '/session/s1/status');
    expect(status).toBe(200);
    expect(headers.get('content-type')).toContain('json');
    expect(body).toEqual({});
  });
});

describe('connect', () => {
  it('answers a QR as PNG data URL', async () => {
    const { data } = await fixture.call('POST', '/session/s1/connect');
    expect(data).toMatchObject({ sessionId: 's1', status: 'qr_required', attempt: 1, expiresAt: '2024-01-15T10:31:00.000Z' });
    expect(data['qrCode']).toMatch(/^data:image\/png;base64,iVBORw0KGgo/);
    expect(JSON.stringify(data)).not.toContain(QR_VALUE);
  });

  it('answers the number of an open connection', async () => {
    fixture.worker.connectLeadsTo = { state: 'connected', reason: 'opened', changes: { phoneNumber: '+6281234567890' } };
    const { data } = await fixture.call('POST', '/session/s1/connect', {});
    expect(data).toEqual({
      sessionId: 's1',
      status: 'connected',
      phoneNumber: '+6281234567890',
      reason: 'opened',
      message: REASONS.opened,
    });
  });

  it('says connecting while it lasts, though status shows it as disconnected', async () => {
    fixture.worker.connectLeadsTo = { state: 'connecting', reason: 'connect_requested' };
    const { data } = await fixture.call('POST', '/session/s1/connect', '');
    expect(data).toEqual({ sessionId: 's1', status: 'connecting', message: 'Connection initiated' });
    expect((await fixture.call('GET', '/session/s1/status')).data['status']).toBe('disconnected');
  });

  it('tells why it failed', async () => {
    fixture.worker.connectLeadsTo = { state: 'error', reason: 'forbidden' };
    const { data } = await fixture.call('POST', '/session/s1/connect');
    expect(data).toEqual({ sessionId: 's1', status: 'error', reason: 'forbidden', message: REASONS.forbidden });
  });
});

describe('other actions', () => {
  it.each([
    ['disconnect', 'disconnected', 'disconnect_requested'],
    ['restart', 'disconnected', 'connect_requested'],
    ['logout', 'disconnected', 'logout_requested'],
  ] as const)('%s answers the status', async (action, status, reason) => {
    const { data } = await fixture.call('POST', `/session/s1/${action}`, undefined, { 'Content-Type': 'application/json' });
    expect(data).toMatchObject({ sessionId: 's1', status, reason, message: REASONS[reason], seq: 1 });
  });

  it('deletes with the message of the guide', async () => {
    const { body } = await fixture.call('DELETE', '/session/s1');
    expect(body).toEqual({ success: true, message: 'Session deleted successfully' });
    expect((await fixture.call('GET', '/session/s1/status')).body['code']).toBe('SESSION_NOT_FOUND');
  });

  it('shows a pairing code as the phone does', async () => {
    const { data } = await fixture.call('POST', '/session/s1/pairing-code', { phoneNumber: '+6281234567890' });
    expect(data).toEqual({ sessionId: 's1', code: 'ABCD-1234', raw: 'ABCD1234', expiresAt: NOW });
    expect(fixture.worker.pairingNumbers).toEqual(['6281234567890']);
  });
});

describe('move', () => {
  it('answers the session, in the slot that was named or in the one that was chosen', async () => {
    expect((await fixture.call('POST', '/session/s1/move', { slot: 7 })).data).toMatchObject({ sessionId: 's1', slot: 7 });
    for (const body of [undefined, {}, { slot: null }]) {
      expect((await fixture.call('POST', '/session/s1/move', body)).data).toMatchObject({ sessionId: 's1', slot: 1 });
    }
  });

  it('refuses what is no slot, and unknown sessions', async () => {
    for (const slot of ['1', -1, 1.5]) expect((await fixture.call('POST', '/session/s1/move', { slot })).status).toBe(400);
    expect((await fixture.call('POST', '/session/nobody/move')).status).toBe(404);
  });
});

describe('settings', () => {
  it('answers what applies, after a change as before it', async () => {
    const usual = {
      ...{ webhook: null, ignore: { groups: false, status: true, channels: false }, readReceipts: false, markOnline: true },
      proxy: null,
      pace: { sendRatePerMinute: 0, burst: 5, typing: false },
    };
    expect((await fixture.call('GET', '/session/s1/settings')).data).toEqual(usual);
    const changed = { ...usual, ignore: { ...usual.ignore, groups: true }, readReceipts: true };
    expect((await fixture.call('PATCH', '/session/s1/settings', { ignore: { groups: true }, readReceipts: true })).data).toEqual(changed);
    expect((await fixture.call('GET', '/session/s1/settings')).data).toEqual(changed);
    expect((await fixture.call('PATCH', '/session/s1/settings', { ignore: null, readReceipts: null })).data).toEqual(usual);
  });

  it('takes them with a new session', async () => {
    await fixture.call('POST', '/session/create', { sessionId: 's2', settings: { markOnline: false } });
    expect((await fixture.call('GET', '/session/s2/settings')).data).toMatchObject({ markOnline: false, readReceipts: false });
  });

  it('names each setting that cannot be', async () => {
    const { status, body } = await fixture.call('PATCH', '/session/s1/settings', { markOnline: 1, ignore: { groups: 'all' } });
    expect(status).toBe(400);
    expect(body['details']).toEqual({
      issues: [
        { path: 'ignore.groups', message: 'ignore.groups must be true or false' },
        { path: 'markOnline', message: 'markOnline must be true or false' },
      ],
    });
  });
});
