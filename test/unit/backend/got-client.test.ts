import { once } from 'node:events';
import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BackendClient } from '../../../supervisor/backend/backend-request.js';
import { createBackendClient } from '../../../supervisor/backend/got-client.js';
import { eventually } from '../../fixtures/eventually.js';
import { hasOpenssl, makeCertificate } from '../../support/object-servers/certificates.js';
import { captureLog, silent } from '../shared/logged.js';

const TOKEN = 'a-token-of-the-backend';
const CALL = { method: 'POST', path: '/api/x', body: { a: 1 } } as const;

/** Listens on a free port until the test is over. @returns its port and its open connections */
const listening = async (server: Server): Promise<{ port: number; sockets: Set<Socket> }> => {
  const sockets = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });
  return { port: (server.address() as AddressInfo).port, sockets };
};

const clientOf = (baseUrl: string, token: string | undefined = TOKEN, log = silent): BackendClient => {
  const client = createBackendClient({ baseUrl, token, log });
  onTestFinished(() => {
    client.close();
  });
  return client;
};

/** A client of a server that does this with every request. */
const serving = async (handler: RequestListener) => {
  const { port, sockets } = await listening(createHttpServer(handler));
  return { client: clientOf(`http://127.0.0.1:${port}`), sockets, port };
};

/** A client of a server that writes this, whatever it is asked. */
const answering = async (status: number, body: string, headers: Record<string, string> = {}) =>
  serving((request, response) => {
    request.resume();
    response.writeHead(status, headers).end(body);
  });

const answerOf = async (status: number, body: string, headers?: Record<string, string>) =>
  (await answering(status, body, headers)).client.call(CALL);

describe('a call', () => {
  it('carries method, path behind that of the base, JSON and token', async () => {
    const seen: unknown[] = [];
    const { port } = await serving((request, response) => {
      request.on('data', (data) => seen.push(request.method, request.url, request.headers.authorization, String(data)));
      request.on('end', () => response.end('{"success":true,"data":{"workerId":"w"}}'));
    });
    const client = clientOf(`http://127.0.0.1:${port}/base`);
    expect(await client.call(CALL)).toEqual({ kind: 'accepted', status: 200, body: { success: true, data: { workerId: 'w' } } });
    expect(seen).toEqual(['POST', '/base/api/x', `Bearer ${TOKEN}`, '{"a":1}']);
  });

  it('without a token carries none', async () => {
    let header: string | undefined = 'none yet';
    const { port } = await serving((request, response) => {
      header = request.headers.authorization;
      response.end('{}');
    });
    const client = createBackendClient({ baseUrl: `http://127.0.0.1:${port}`, token: undefined, log: silent });
    expect((await client.call({ method: 'GET', path: '/' })).kind).toBe('accepted');
    expect(header).toBeUndefined();
    client.close();
  });

  it('uses one connection again', async () => {
    const { client, sockets } = await answering(200, '{}');
    const seen = new Set<Socket>();
    for (let i = 0; i < 5; i++) {
      await client.call(CALL);
      for (const socket of sockets) seen.add(socket);
    }
    expect(seen.size).toBe(1);
  });

  it('goes out once more when the kept connection turns out to be closed', async () => {
    let served = 0;
    const { client, sockets } = await serving((request, response) => {
      request.resume();
      if (served++ === 1) request.socket.destroy();
      else response.end('{}');
    });
    expect((await client.call(CALL)).kind).toBe('accepted');
    expect((await client.call(CALL)).kind).toBe('accepted');
    expect([served, sockets.size]).toEqual([3, 1]);
  });
});

describe('accepted', () => {
  it.each([
    [204, '', {}],
    [200, '', {}],
    [201, '\uFEFF {"id":7} ', { id: 7 }],
    [200, '[1]', {}],
    [200, 'null', {}],
  ])('is %i with the body %j', async (status, body, expected) => {
    expect(await answerOf(status, body)).toEqual({ kind: 'accepted', status, body: expected });
  });

  it('may be compressed although nobody asked for it', async () => {
    const { client } = await serving((request, response) => {
      request.resume();
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync('{"id":7}'));
    });
    expect(await client.call(CALL)).toMatchObject({ kind: 'accepted', body: { id: 7 } });
  });
});

describe('refused', () => {
  it.each([
    ['{"error":"no such worker"}', 'no such worker'],
    ['{"error":{"code":"X","message":"no such worker"}}', 'no such worker'],
    ['{"success":false,"message":"no\\u0007 such\\r\\nworker"}', 'no such worker'],
    ['<html>', 'the backend answered 404 (Not Found)'],
    ['{"error":42}', 'the backend answered 404 (Not Found)'],
    ['', 'the backend answered 404 (Not Found)'],
    [JSON.stringify({ error: 'x'.repeat(1_000) }), `${'x'.repeat(299)}…`],
    [JSON.stringify({ error: `bad token ${TOKEN}` }), 'bad token [redacted]'],
  ])('says what the backend said: %j', async (body, sentence) => {
    expect(await answerOf(404, body)).toMatchObject({ kind: 'refused', status: 404, sentence });
  });

  it.each([400, 401, 403, 409, 410, 413, 422])('is %i', async (status) => {
    expect(await answerOf(status, '{}')).toMatchObject({ kind: 'refused', status });
  });
});

describe('failed', () => {
  it.each([408, 425, 429, 500, 502, 503, 504])('is %i', async (status) => {
    expect(await answerOf(status, '{"error":"later"}')).toMatchObject({
      kind: 'failed',
      status,
      sentence: expect.stringContaining('later') as string,
    });
  });

  it.each<[string | { secondsFromNow: number }, number | undefined]>([
    ['7', 7_000],
    [{ secondsFromNow: 90 }, 90_000],
    [{ secondsFromNow: -90 }, 0],
    ['999999999999', 3_600_000],
    ['soon', undefined],
    ['-5', undefined],
  ])('reads Retry-After: %j', async (form, ms) => {
    const header = typeof form === 'string' ? form : new Date(Date.now() + form.secondsFromNow * 1_000).toUTCString();
    const answer = await answerOf(503, '', { 'retry-after': header });
    const pause = answer.kind === 'failed' ? answer.retryAfterMs : -1;
    if (ms === undefined) expect(pause).toBeUndefined();
    else expect(Math.abs((pause ?? -1) - ms)).toBeLessThanOrEqual(5_000);
  });

  it.each(['<!doctype html><p>Welcome', '{"success":tr', 'OK'])('is 200 with %j', async (body) => {
    expect(await answerOf(200, body)).toEqual({
      kind: 'failed',
      status: 200,
      sentence: 'the backend answered 200 with something that is no JSON; is BACKEND_URL the backend itself?',
      retryAfterMs: undefined,
    });
  });

  it('is 200 that says success: false', async () => {
    expect(await answerOf(200, '{"success":false,"error":"database down"}')).toMatchObject({
      kind: 'failed',
      status: 200,
      sentence: 'the backend answered 200 and says it failed: database down',
    });
  });

  it.each([301, 302, 303, 307, 308])('is a redirect (%i), which is not followed and named without credentials', async (status) => {
    const asked: string[] = [];
    const { client } = await serving((request, response) => {
      asked.push(request.url ?? '');
      request.resume();
      response.writeHead(status, { location: 'https://user:pw@elsewhere.test/login?token=secret#x' }).end();
    });
    const answer = await client.call(CALL);
    expect(answer).toMatchObject({ kind: 'failed', status });
    expect(answer).toHaveProperty('sentence', expect.stringContaining('points to https://elsewhere.test/login; BACKEND_URL') as string);
    expect(JSON.stringify(answer)).not.toMatch(/pw|secret/);
    expect(asked).toEqual(['/api/x']);
  });

  it.each([
    ['a server that accepts and never answers', () => undefined, /did not answer within 0.3 s/],
    ['a server that closes without an answer', (socket: Socket) => socket.destroy(), /closed the connection/],
    ['a body that ends before its length', cut('HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"a":'), /closed the connection/],
    [
      'a chunked body that ends before its end',
      cut('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":'),
      /closed the connection/,
    ],
    ['headers that never end', cut('HTTP/1.1 200 OK\r\nX-A: 1\r\n', false), /did not answer within 0.3 s/],
    ['a body that stops in the middle', cut('HTTP/1.1 200 OK\r\nContent-Length: 90\r\n\r\n{"a":', false), /did not answer within 0.3 s/],
    ['garbage', cut('SSH-2.0-OpenSSH_9.6\r\n'), /does not speak HTTP/],
    ['a compressed body that is none', cut('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\n{}'), /compressed/],
  ])('is %s', async (_what, onConnection: (socket: Socket) => unknown, sentence) => {
    const { port, sockets } = await listening(
      createTcpServer((socket) => {
        socket.once('data', () => onConnection(socket));
      }),
    );
    const timeoutMs = sentence.source.startsWith('did not answer') ? 300 : 60_000;
    const answer = await clientOf(`http://127.0.0.1:${port}`).call(CALL, { timeoutMs });
    expect(answer).toMatchObject({ kind: 'failed', sentence: expect.stringMatching(sentence) as string });
    await eventually(() => sockets.size === 0, 'the connection is closed');
  });

  it('is an answer that drips for longer than the whole call may take', async () => {
    const { client } = await serving((request, response) => {
      request.resume();
      response.writeHead(200);
      const timer = setInterval(() => response.write(' '), 20);
      response.once('close', () => clearInterval(timer));
    });
    const begun = performance.now();
    expect(await client.call(CALL, { timeoutMs: 300 })).toMatchObject({ kind: 'failed', status: undefined });
    expect(performance.now() - begun).toBeLessThan(60_000);
  });

  it.each([
    ['endless', undefined],
    ['a compressed bomb', gzipSync(Buffer.alloc(50 * 1024 * 1024))],
  ])('is a body that is %s, which is not read to its end', async (_what, bomb) => {
    let written = 0;
    const { client, sockets } = await serving((request, response) => {
      request.resume();
      response.writeHead(200, bomb && { 'content-encoding': 'gzip' });
      if (bomb) return void response.end(bomb);
      const more = (): void => {
        while (!response.destroyed && response.write(Buffer.alloc(64 * 1024, 32))) written += 64 * 1024;
      };
      response.on('drain', more);
      more();
    });
    expect(await client.call(CALL)).toMatchObject({ kind: 'failed', sentence: "the backend's answer is longer than 256 KiB" });
    await eventually(() => sockets.size === 0, 'the connection is closed');
    expect(written).toBeLessThan(32 * 1024 * 1024);
  });

  it('is a refused connection, an unknown host and a server without TLS', async () => {
    const { port } = await answering(200, '{}');
    const sentenceOf = async (url: string): Promise<unknown> => clientOf(url).call(CALL, { timeoutMs: 60_000 });
    expect(await sentenceOf('http://127.0.0.1:1')).toMatchObject({ sentence: 'nothing listens at the address in BACKEND_URL' });
    expect(await sentenceOf('http://no-such-host.invalid')).toMatchObject({
      sentence: expect.stringMatching(/host name in BACKEND_URL|did not answer/) as string,
    });
    expect(await sentenceOf(`https://127.0.0.1:${port}`)).toMatchObject({ sentence: expect.stringContaining('TLS') as string });
  });

  it.skipIf(!hasOpenssl())('is a certificate that nobody here trusts', async () => {
    const { key, cert } = makeCertificate('IP:127.0.0.1', 1);
    const { port } = await listening(createHttpsServer({ key, cert }, (_request, response) => response.end('{}')));
    expect(await clientOf(`https://127.0.0.1:${port}`).call(CALL)).toMatchObject({
      kind: 'failed',
      sentence: expect.stringContaining('not trusted') as string,
    });
  });
});

it('leaves no connection behind after 200 calls that fail in every way', async () => {
  let n = 0;
  const { client, sockets } = await serving((request, response) => {
    request.resume();
    const way = n++ % 5;
    if (way === 0) request.socket.destroy();
    else if (way === 1) response.writeHead(503).end('x'.repeat(1_000));
    else if (way === 2) response.writeHead(200, { 'content-length': '50' }).write('{');
    else if (way === 3) response.writeHead(302, { location: '/' }).end();
  });
  const answers = await Promise.all(Array.from({ length: 200 }, async () => client.call(CALL, { timeoutMs: 400 })));
  expect(new Set(answers.map(({ kind }) => kind))).toEqual(new Set(['failed']));
  await eventually(() => sockets.size <= 8, 'no more than eight connections are left');
  client.close();
  await eventually(() => sockets.size === 0, 'every connection is closed');
});

it('ends idle connections by itself', async () => {
  const { client, sockets } = await answering(200, '{}');
  await client.call(CALL);
  expect(sockets.size).toBe(1);
  await eventually(() => sockets.size === 0, 'the idle connection is closed');
});

it('answers failed to what is under way when it is closed, and to every call after', async () => {
  const { client } = await serving((request) => request.resume());
  const pending = client.call(CALL);
  await client.call(CALL, { timeoutMs: 50 });
  client.close();
  expect(await pending).toMatchObject({ kind: 'failed', sentence: 'the worker is stopping' });
  expect(await client.call(CALL)).toMatchObject({ kind: 'failed', sentence: 'the worker is stopping' });
});

it('never logs the token', async () => {
  const { log, output } = captureLog();
  const { port } = await answering(401, JSON.stringify({ error: `unknown token ${TOKEN}` }));
  await clientOf(`http://127.0.0.1:${port}`, TOKEN, log).call(CALL);
  await clientOf('http://127.0.0.1:1', TOKEN, log).call(CALL);
  expect(output().split('\n')).toHaveLength(3);
  expect(output()).not.toContain(TOKEN);
});

/** Writes this, and ends the connection unless told otherwise. */
function cut(text: string, end = true): (socket: Socket) => void {
  return (socket) => {
    if (end) socket.end(text);
    else socket.write(text);
  };
}
