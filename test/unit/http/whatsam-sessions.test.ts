import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { AppError } from '../../../shared/errors.js';
import type { SessionState } from '../../../shared/domain/session.js';
import { qrDataUrl } from '../../../supervisor/qr-image.js';
import { sendRaw, requestBytes } from '../../contract/raw-request.js';
import { eventually } from '../../fixtures/eventually.js';
import { closeServersAfterEach, startServer, TOKEN, type Fixture } from './http-fixture.js';
import { QR_VALUE } from './memory-worker.js';

closeServersAfterEach();
const START = { sessionId: 'alice', userId: 'user123', sessionName: 'Alice' };
const whatsam = async (): Promise<Fixture> => startServer({ backend: { dialect: 'whatsam' } });
const start = async ({ call }: Fixture): ReturnType<Fixture['call']> => call('POST', '/api/sessions/start', START);

describe('the routes of a whatsam gateway', () => {
  it.each([undefined, { dialect: 'guide' as const }])('are not there with backend %j', async (backend) => {
    const { call } = await startServer({ backend });
    expect((await call('POST', '/api/sessions/start', START)).status).toBe(404);
  });

  it('want the same token as every other', async () => {
    const { call, baseUrl } = await whatsam();
    expect((await fetch(`${baseUrl}/api/sessions/alice/status`)).status).toBe(401);
    expect((await call('POST', '/api/sessions/start', START, { authorization: 'Bearer wrong' })).body).toMatchObject({
      code: 'UNAUTHORIZED',
    });
  });

  it("leave the guide's routes where they are", async () => {
    const fixture = await whatsam();
    await start(fixture);
    expect((await fixture.call('GET', '/session/alice/status')).data['status']).toBe('qr_required');
  });
});

describe('a start', () => {
  it('creates and connects in one, and answers flat and nested', async () => {
    const fixture = await whatsam();
    const { status, body, data } = await start(fixture);
    expect(status).toBe(200);
    expect(data).toMatchObject({ sessionId: 'alice', status: 'QR_REQUIRED', qrCode: qrDataUrl(QR_VALUE), reason: 'qr_shown' });
    expect(body).toEqual({ ...data, success: true, data });
    expect(fixture.worker.sessions.get('alice')).toMatchObject({ userId: 'user123', sessionName: 'Alice' });
  });

  const ENDS: [SessionState, changes: { status?: 'reconnecting'; phoneNumber?: string }, status: string][] = [
    ['connected', { phoneNumber: '+6281234567890' }, 'CONNECTED'],
    ['connecting', {}, 'INIT'],
    ['connecting', { status: 'reconnecting' }, 'RECONNECTING'],
    ['reconnecting', {}, 'RECONNECTING'],
    ['disconnected', {}, 'DISCONNECTED'],
    ['error', {}, 'ERROR'],
  ];
  it.each(ENDS)('that gets to %s %j is answered %s', async (state, changes, expected) => {
    const fixture = await whatsam();
    fixture.worker.connectLeadsTo = { state, reason: 'opened', changes };
    const { status, body } = await start(fixture);
    expect(status).toBe(200);
    expect(body).toMatchObject({ status: expected, data: { status: expected } });
    expect(body['phoneNumber']).toBe(changes.phoneNumber);
  });

  it('may be repeated, also for a session that was made otherwise', async () => {
    const fixture = await whatsam();
    await fixture.worker.sessions.create({ sessionId: 'alice' });
    for (let n = 0; n < 3; n++) expect((await start(fixture)).status).toBe(200);
    const together = await Promise.all([start(fixture), start(fixture), start(fixture)]);
    expect(together.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect(fixture.worker.sessions.list()).toHaveLength(1);
  });

  it('of a session that is being deleted is to be repeated, and of one with damaged credentials is an error state', async () => {
    const fixture = await whatsam();
    fixture.worker.beforeConnect = async () => Promise.reject(new AppError('SESSION_NOT_FOUND', 'There is no session with this id.'));
    expect(await start(fixture)).toMatchObject({ status: 503, body: { code: 'BUSY', retryable: true } });
    fixture.worker.set('alice', 'error', 'storage_corrupt');
    fixture.worker.beforeConnect = async () => Promise.reject(new AppError('STORAGE_CORRUPT', 'Damaged.'));
    expect(await start(fixture)).toMatchObject({ status: 200, body: { status: 'ERROR', reason: 'storage_corrupt' } });
  });

  it('that shows nothing is answered INIT within seconds', async () => {
    const fixture = await whatsam();
    let goOn: () => void = () => undefined;
    fixture.worker.beforeConnect = async () => new Promise((resolve) => (goOn = resolve));
    await fixture.worker.sessions.create({ sessionId: 'alice' });
    fixture.worker.set('alice', 'connecting', 'connect_requested');
    const before = performance.now();
    expect((await start(fixture)).body['status']).toBe('INIT');
    expect(performance.now() - before).toBeLessThan(25_000);
    goOn();
  });

  it('holds the reports of its session until it was answered, and a moment longer', async () => {
    const fixture = await whatsam();
    let goOn: () => void = () => undefined;
    fixture.worker.beforeConnect = async () => new Promise((resolve) => (goOn = resolve));
    const answer = start(fixture);
    await eventually(() => fixture.worker.held.length > 0, 'a hold');
    expect(fixture.worker.held).toEqual(['alice']);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    goOn();
    await answer;
    await eventually(() => vi.getTimerCount() === 1, 'the moment has begun');
    vi.advanceTimersByTime(499);
    expect(fixture.worker.held).toEqual(['alice']);
    vi.advanceTimersByTime(1);
    expect(fixture.worker.held).toEqual([]);
  });

  it('lets the reports go when its client went away', async () => {
    const fixture = await whatsam();
    fixture.worker.beforeConnect = async () => new Promise(() => undefined);
    const leave = new AbortController();
    const answer = fetch(`${fixture.baseUrl}/api/sessions/start`, {
      method: 'POST',
      headers: { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json' },
      body: JSON.stringify(START),
      signal: leave.signal,
    }).catch(() => 'left');
    await eventually(() => fixture.worker.held.length > 0, 'a hold');
    leave.abort();
    expect(await answer).toBe('left');
    await eventually(() => fixture.worker.held.length === 0, 'the release');
  });

  it.each([
    [{}, 'sessionId is required'],
    [{ sessionId: 'a b' }, 'a session id must be'],
    ['[]', 'the body must be a JSON object'],
  ])('with %j is refused with a sentence', async (body, sentence) => {
    const { call, worker } = await whatsam();
    const answer = await call('POST', '/api/sessions/start', body);
    expect(answer.status).toBe(400);
    expect(answer.body['error']).toEqual(expect.stringContaining(sentence));
    expect(worker.held).toEqual([]);
  });
});

describe('a session', () => {
  it('shows its status in upper case, with number and name', async () => {
    const fixture = await whatsam();
    await start(fixture);
    fixture.worker.set('alice', 'connected', 'opened', { phoneNumber: '+6281234567890', pushName: ' Alice ', qr: undefined });
    const { body, data } = await fixture.call('GET', '/api/sessions/alice/status');
    expect(body).toMatchObject({
      success: true,
      status: 'CONNECTED',
      phoneNumber: '+6281234567890',
      displayName: 'Alice',
      reason: 'opened',
    });
    expect(body['data']).toEqual(data);
    expect(Object.values(data)).not.toContain(null);
  });

  it.each([
    ['disconnect', 'DISCONNECTED'],
    ['logout', 'DISCONNECTED'],
    ['restart', 'INIT'],
  ])('answers %s with %s', async (verb, status) => {
    const fixture = await whatsam();
    await start(fixture);
    expect((await fixture.call('POST', `/api/sessions/alice/${verb}`)).body).toMatchObject({ success: true, status, sessionId: 'alice' });
  });

  it.each(['disconnect', 'logout', 'restart'])('that is unknown answers 404 to %s', async (verb) => {
    const { call } = await whatsam();
    expect(await call('POST', `/api/sessions/nobody/${verb}`)).toMatchObject({ status: 404, body: { code: 'SESSION_NOT_FOUND' } });
  });

  it('is deleted once', async () => {
    const fixture = await whatsam();
    await start(fixture);
    expect((await fixture.call('DELETE', '/api/sessions/alice')).body).toMatchObject({ success: true, sessionId: 'alice' });
    expect((await fixture.call('DELETE', '/api/sessions/alice')).body).toMatchObject({
      success: false,
      error: expect.any(String) as string,
    });
  });

  const EMPTY = [
    ['POST', '/api/sessions/alice/restart', {}],
    ['POST', '/api/sessions/alice/disconnect', { 'Transfer-Encoding': 'chunked' }],
    ['POST', '/api/sessions/alice/logout', { 'Content-Length': '0' }],
    ['GET', '/api/sessions/alice/status', {}],
    ['DELETE', '/api/sessions/alice', {}],
    ['DELETE', '/api/sessions/alice', { 'Content-Length': '0' }],
  ] as const;
  it.each(EMPTY)('takes %s %s with the content type of a body that is not there, %j', async (method, path, headers) => {
    const fixture = await whatsam();
    await start(fixture);
    const chunked = 'Transfer-Encoding' in headers;
    const all = { Authorization: `Bearer ${TOKEN}`, 'Content-Type': 'application/json', ...headers };
    const answer = await sendRaw(fixture.baseUrl, requestBytes({ method, path, headers: all, ...(chunked && { body: '0\r\n\r\n' }) }));
    expect(answer.status, answer.body).toBe(200);
  });
});
