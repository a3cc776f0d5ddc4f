import { once } from 'node:events';
import { connect, createServer as createNetServer, type AddressInfo, type Socket } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import { AppError, ERRORS, type ErrorCode } from '../../../shared/errors.js';
import { requestBytes, sendRaw } from '../../contract/raw-request.js';
import { eventually } from '../../fixtures/eventually.js';
import { closeServersAfterEach, startServer, TOKEN } from './http-fixture.js';

closeServersAfterEach();

/** A promise and the function that resolves it. */
const signal = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((done) => (resolve = done));
  return { promise, resolve: () => resolve() };
};

const authorized = { Authorization: `Bearer ${TOKEN}` };

describe('failures', () => {
  it.each(Object.keys(ERRORS) as ErrorCode[])('%s keeps its status and envelope', async (code) => {
    const { call, worker } = await startServer();
    const thrown = new AppError(code, 'A sentence.', { details: { a: 1 }, retryAfterSeconds: 1.2, cause: new Error('hidden') });
    worker.listFails = { thrown };
    const { status, headers, body } = await call('GET', '/sessions', undefined, { 'x-request-id': 'r-1' });
    expect(status).toBe(ERRORS[code].status);
    expect(headers.get('retry-after')).toBe('2');
    expect(body).toEqual({
      success: false,
      error: 'A sentence.',
      code,
      requestId: 'r-1',
      retryable: ERRORS[code].retryable,
      details: { a: 1 },
    });
  });

  it.each([new Error('the password is swordfish'), 'swordfish', null, 0, { status: 400, message: 'swordfish' }])(
    'logs what nobody foresaw once and never sends it (%#)',
    async (thrown) => {
      const { call, worker, lines } = await startServer();
      worker.listFails = { thrown };
      const { status, body } = await call('GET', '/sessions');
      expect([status, body['code']]).toEqual([500, 'INTERNAL']);
      expect(JSON.stringify(body)).not.toContain('swordfish');
      const errors = lines.filter((line) => line['level'] === 50);
      expect(errors).toHaveLength(1);
      expect(errors[0]).toMatchObject({ requestId: body['requestId'], code: 'INTERNAL' });
    },
  );
});

describe('request ids', () => {
  it.each(['a', 'A.b_c-9', 'x'.repeat(100)])('takes over %s', async (id) => {
    const { call } = await startServer();
    expect((await call('GET', '/sessions', undefined, { 'x-request-id': id })).headers.get('x-request-id')).toBe(id);
  });

  it.each(['', 'a b', 'x'.repeat(101), 'a"b', '${jndi}'])('replaces %j', async (id) => {
    const { call } = await startServer();
    const answer = await call('GET', '/nothing', undefined, { 'x-request-id': id });
    expect(answer.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
    expect(answer.body['requestId']).toBe(answer.headers.get('x-request-id'));
  });
});

describe('health', () => {
  it('needs no token for /health, /live and /ready', async () => {
    const { baseUrl } = await startServer();
    for (const path of ['/health', '/live', '/ready']) {
      const response = await fetch(baseUrl + path);
      expect(response.status, path).toBe(200);
      expect(await response.json()).toMatchObject({ success: true });
      expect((await fetch(baseUrl + path, { method: 'HEAD' })).status).toBe(200);
    }
  });

  it('is not ready while draining, but alive', async () => {
    const { call, worker } = await startServer();
    worker.ready = false;
    const { status, headers, body } = await call('GET', '/ready');
    expect(status).toBe(503);
    expect(headers.has('retry-after')).toBe(true);
    expect(body).toMatchObject({ code: 'DRAINING', retryable: true, details: { draining: true } });
    expect((await call('GET', '/live')).status).toBe(200);
  });
});

describe('access log', () => {
  it('tells method, route and status, and no body, query or token', async () => {
    const { call, lines } = await startServer();
    await call('POST', '/session/create', { sessionId: 's1', sessionName: 'swordfish' });
    await call('GET', '/session/s1/messages?limit=7');
    await call('GET', '/swordfish?a=swordfish');
    await vi.waitFor(() => expect(lines).toHaveLength(3), 60_000);
    expect(lines[0]).toMatchObject({ level: 30, method: 'POST', route: '/session/create', status: 200 });
    expect(lines[1]).toMatchObject({ level: 20, method: 'GET', route: '/session/:id/messages', sessionId: 's1', status: 200 });
    expect(lines[2]).toMatchObject({ level: 20, status: 404 });
    expect(lines[2]).not.toHaveProperty('route');
    expect(JSON.stringify(lines)).not.toMatch(new RegExp(`swordfish|limit|${TOKEN}`));
  });
});

describe('recycle', () => {
  it('answers where the sessions go', async () => {
    const { call } = await startServer();
    expect((await call('POST', '/runners/3/recycle')).data).toEqual({ slot: 3, sessions: 2, target: 4 });
  });

  it('refuses what is no slot', async () => {
    const { call } = await startServer();
    expect((await call('POST', '/runners/one/recycle')).status).toBe(400);
  });
});

describe('connections', () => {
  it('survives clients that leave in the middle of a request', async () => {
    const { baseUrl, call, lines } = await startServer();
    const { port } = new URL(baseUrl);
    const request = requestBytes({
      method: 'POST',
      path: '/session/create',
      headers: { ...authorized, 'Content-Type': 'application/json' },
      body: '{"sessionId":"x"}',
    });
    for (const cut of [5, 40, request.length - 3]) {
      await new Promise<void>((resolve) => {
        const socket = connect(Number(port), '127.0.0.1', () => socket.write(request.subarray(0, cut), () => socket.resetAndDestroy()));
        socket.on('close', () => resolve());
      });
    }
    await setImmediate();
    expect((await call('GET', '/sessions')).data['total']).toBe(0);
    expect(lines.filter((line) => Number(line['level']) >= 40)).toEqual([]);
  });

  it.each([
    ['headers', 'GET /health HTTP/1.1\r\nHost: localhost\r\n'],
    [
      'body',
      `POST /session/create HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n{`,
    ],
  ])('ends a request whose %s never arrive', async (_part, text) => {
    const { baseUrl, call } = await startServer({}, { headersTimeoutMs: 1_000, requestTimeoutMs: 1_000, checkIntervalMs: 20 });
    const answer = await sendRaw(baseUrl, Buffer.from(text));
    expect(answer.status).toBe(408);
    expect(JSON.parse(answer.body)).toMatchObject({ success: false, code: 'REQUEST_TIMEOUT', retryable: true });
    expect((await call('GET', '/health')).status).toBe(200);
  });

  it.each([
    ['what is no request', 'garbage\r\n\r\n'],
    ['a request that never comes whole', 'GET /health HTTP/1.1\r\n'],
  ])('does not answer %s while the request before it is worked on', async (_what, behind) => {
    const { baseUrl, worker } = await startServer({}, { headersTimeoutMs: 100, checkIntervalMs: 20 });
    await worker.sessions.create({ sessionId: 's1' });
    const started = signal();
    worker.sessions.connect = async () => {
      started.resolve();
      return new Promise(() => undefined);
    };
    const request = requestBytes({ method: 'POST', path: '/session/s1/connect', headers: { ...authorized, Connection: 'keep-alive' } });
    let answer = '';
    const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1').on('data', (chunk) => (answer += String(chunk)));
    const closed = new Promise<void>((resolve) => {
      socket.on('error', () => undefined).on('close', () => resolve());
    });
    socket.write(request);
    await started.promise;
    socket.write(behind);
    await closed;
    expect(answer).toBe('');
  });

  it.each([
    ['takes the rest of a refused body before it ends the connection', { Authorization: 'Bearer wrong' }, 401, true],
    [
      'takes the rest of one that it asked for, too',
      { ...authorized, 'Content-Type': 'application/json; charset=latin1', Expect: '100-continue' },
      ...([415, true] as const),
    ],
    ['does not wait for ever for the rest of a refused body', { Authorization: 'Bearer wrong' }, 401, false],
  ])('%s', async (_what, headers, status, sendsRest) => {
    const { baseUrl } = await startServer();
    const socket = connect(Number(new URL(baseUrl).port), '127.0.0.1');
    let answer = '';
    let ended = false;
    socket.on('data', (chunk) => (answer += String(chunk))).on('end', () => (ended = true));
    const all = { 'Content-Type': 'application/json', 'Content-Length': '100', ...headers };
    socket.write(requestBytes({ method: 'POST', path: '/session/create', headers: all, body: '{' }));
    await eventually(() => answer.includes(`HTTP/1.1 ${status}`) && answer.endsWith('}'), `the answer is ${status}`);
    await sleep(100);
    expect(ended).toBe(false);
    if (sendsRest) socket.write('x'.repeat(99));
    await once(socket, 'end');
  });

  it('asks for an announced body only after the token was found good', async () => {
    const { baseUrl } = await startServer();
    const parts = { method: 'POST', path: '/session/create', body: '{"sessionId":"s1"}' };
    const expecting = { Expect: '100-continue', 'Content-Type': 'application/json' };
    expect((await sendRaw(baseUrl, requestBytes({ ...parts, headers: expecting }))).status).toBe(401);
    expect((await sendRaw(baseUrl, requestBytes({ ...parts, headers: { ...expecting, ...authorized } }))).status).toBe(100);
  });

  it('lets a running request finish when closing, and takes no new one', async () => {
    const { baseUrl, worker, server } = await startServer();
    await worker.sessions.create({ sessionId: 's1' });
    const started = signal();
    const finish = signal();
    worker.sessions.connect = async (sessionId) => {
      started.resolve();
      await finish.promise;
      return worker.sessions.get(sessionId);
    };
    const running = fetch(`${baseUrl}/session/s1/connect`, { method: 'POST', headers: authorized });
    await started.promise;
    const closed = server.close(10_000);
    await expect(fetch(`${baseUrl}/health`)).rejects.toThrow();
    finish.resolve();
    expect((await running).status).toBe(200);
    await closed;
  });

  it('answers what came on an idle connection while it was busy, before it ends such connections at a hand-over', async () => {
    const listening = createNetServer().listen(0, '127.0.0.1');
    await once(listening, 'listening');
    const { port } = listening.address() as AddressInfo;
    const inherited = { handle: listening as unknown as Socket, address: { host: '127.0.0.1', port } };
    const { server } = await startServer({}, { lingerMs: 50 }, inherited);
    let answers = '';
    const socket = connect(port, '127.0.0.1').on('data', (chunk) => (answers += String(chunk)));
    const request = requestBytes({ method: 'GET', path: '/live', headers: { Connection: 'keep-alive' } });
    socket.write(request);
    await eventually(() => answers.endsWith('}'), 'the first answer');
    // The turn after this one begins with timers, and only then looks at sockets.
    await setImmediate();
    const over = server.handOver(60_000);
    socket.write(request);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    await over;
    await eventually(() => socket.closed, 'the connection is ended');
    expect(answers.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
  });

  it('cuts what is still running when the grace is over', async () => {
    const { baseUrl, worker, server } = await startServer();
    await worker.sessions.create({ sessionId: 's1' });
    worker.sessions.connect = async () => new Promise(() => undefined);
    const running = expect(fetch(`${baseUrl}/session/s1/connect`, { method: 'POST', headers: authorized })).rejects.toThrow();
    await server.close(50);
    await running;
  });

  it('says when the port is taken', async () => {
    const { baseUrl } = await startServer();
    await expect(startServer({ port: Number(new URL(baseUrl).port) })).rejects.toMatchObject({ code: 'EADDRINUSE' });
  });
});
