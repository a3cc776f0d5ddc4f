// A listening server on a free port in front of a worker in memory, and what it logged.
import { Writable } from 'node:stream';
import { pino } from 'pino';
import { afterEach, expect } from 'vitest';
import type { Endpoint } from '../../../supervisor/http/endpoint.js';
import { ENVELOPES } from '../../../supervisor/http/envelope.js';
import { Failure } from '../../../supervisor/http/schemas/failure.js';
import { createServer, LIMITS, type HttpConfig, type HttpServer, type Limits } from '../../../supervisor/http/server.js';
import type { InheritedSocket } from '../../../supervisor/service-manager/inherited-socket.js';
import { createMemoryWorker, type MemoryWorker } from './memory-worker.js';

export const TOKEN = 'a-Token-of-32-characters-for-tests';

export interface Fixture {
  baseUrl: string;
  worker: MemoryWorker;
  server: HttpServer;
  /** Parsed log lines. */
  lines: Record<string, unknown>[];
  /** A request with the token, a JSON body if given, and the parsed answer. */
  call: (method: string, path: string, body?: unknown, headers?: Record<string, string>) => Promise<Answer>;
}

interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown>;
  data: Record<string, unknown>;
}

const open: HttpServer[] = [];

/** To be called once by a test file. */
export const closeServersAfterEach = (): void => {
  afterEach(async () => {
    await Promise.all(open.splice(0).map(async (server) => server.close(0)));
  });
};

export const startServer = async (
  changes: Partial<HttpConfig> = {},
  limits: Partial<Limits> = {},
  inherited?: InheritedSocket,
): Promise<Fixture> => {
  const worker = createMemoryWorker();
  const lines: Record<string, unknown>[] = [];
  const log = pino(
    { level: 'trace' },
    new Writable({ write: (chunk: Buffer, _encoding, done) => (lines.push(toObject(String(chunk))), done()) }),
  );
  const config = {
    host: '127.0.0.1',
    port: 0,
    apiAccess: 'token',
    authToken: TOKEN,
    sendDeadlineMs: 30_000,
    media: { fetchTimeoutMs: 60_000 },
    version: '1.2.3',
    ...changes,
  } as const;
  const server = createServer(worker, config, log, { ...LIMITS, ...limits });
  open.push(server);
  const { host, port } = await server.listen(inherited);
  const baseUrl = `http://${host}:${port}`;
  const call: Fixture['call'] = async (method, path, body, headers = {}) => {
    const response = await fetch(baseUrl + path, {
      method,
      headers: { Authorization: `Bearer ${TOKEN}`, ...(body !== undefined && { 'Content-Type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const parsed = text.startsWith('{') ? toObject(text) : {};
    expectDescribed(server.endpoints, method, path, response.status, parsed);
    return { status: response.status, headers: response.headers, body: parsed, data: { ...(parsed['data'] as object | undefined) } };
  };
  return { baseUrl, worker, server, lines, call };
};

const toObject = (text: string): Record<string, unknown> => JSON.parse(text) as Record<string, unknown>;

/** What was answered is what the row of the table says, without a field more. */
const expectDescribed = (
  endpoints: readonly Endpoint[],
  method: string,
  path: string,
  status: number,
  body: Record<string, unknown>,
): void => {
  const { pathname } = new URL(path, 'http://worker');
  const row = endpoints.find((endpoint) => endpoint.method === method.toLowerCase() && patternOf(endpoint.path).test(pathname));
  if (!row || Object.keys(body).length === 0) return;
  const schema = status < 300 ? ENVELOPES[row.envelope ?? 'data'].schema(row.data) : Failure;
  expect(schema.parse(body)).toEqual(body);
};

const patternOf = (path: string): RegExp => new RegExp(`^${path.replaceAll('.', '\\.').replaceAll(/:\w+/g, '[^/]+')}$`);
