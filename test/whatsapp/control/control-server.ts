import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ZodError } from 'zod';
import { LOOPBACK } from '../server/listener.js';
import { QueryRefused } from '../routing/query-refused.js';
import type { World } from '../world.js';
import { ControlError } from './control-error.js';
import type { Route } from './route.js';
import { ROUTES } from './routes.js';

const MAX_BODY_BYTES = 4 * 1024 * 1024;

/** The control API in service. */
export interface ControlServer {
  readonly url: string;
  readonly port: number;
  close(): Promise<void>;
}

/** Serves the control API on loopback; port 0 takes a free one. `save` writes the state file and says whether there is one. */
export async function serveControl(world: World, port: number, save: () => Promise<boolean>): Promise<ControlServer> {
  const server = createServer((request, response) => {
    void respond(world, save, request, response);
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, LOOPBACK, resolve);
  });
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${LOOPBACK}:${bound}`,
    port: bound,
    close: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function respond(world: World, save: () => Promise<boolean>, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  let status = 200;
  let answer: unknown;
  try {
    const url = new URL(request.url ?? '/', `http://${LOOPBACK}`);
    const { route, params } = find(request.method ?? '', url.pathname);
    const body: unknown = route.body?.parse(await readJson(request));
    const query: unknown = route.query?.parse(Object.fromEntries(url.searchParams));
    answer = await route.run({ world, save, gone: gone.signal, params, body, query });
  } catch (error) {
    const failure = explain(error);
    status = failure.status;
    answer = { error: failure.message, code: failure.code };
    if (status >= 500) world.stats.count('errors', 'control');
  }
  if (response.destroyed) return;
  // What is left of a body that nobody wanted would be taken for the next request.
  if (!request.complete) response.setHeader('connection', 'close');
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer));
}

function find(method: string, path: string): { route: Route; params: Record<string, string> } {
  const matches = ROUTES.flatMap((route) => {
    const params = paramsOf(route.path, path);
    return params ? [{ route, params }] : [];
  });
  if (matches.length === 0) throw new ControlError(404, 'NOT_FOUND', `there is no ${path} here`);
  const match = matches.find(({ route }) => route.method === method);
  if (!match) throw new ControlError(405, 'METHOD_NOT_ALLOWED', `${path} does not know ${method}`);
  return match;
}

function paramsOf(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const given = path.split('/');
  if (wanted.length !== given.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const value = given[index] ?? '';
    if (part.startsWith(':')) params[part.slice(1)] = decode(value);
    else if (part !== value) return undefined;
  }
  return params;
}

function decode(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new ControlError(400, 'INVALID_REQUEST', 'the path is not properly encoded');
  }
}

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES) throw new ControlError(413, 'BODY_TOO_LARGE', `a body has at most ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  if (length === 0) return {};
  try {
    return JSON.parse(Buffer.concat(chunks).toString()) as unknown;
  } catch {
    throw new ControlError(400, 'INVALID_JSON', 'the body is no JSON');
  }
}

function explain(error: unknown): ControlError {
  if (error instanceof ControlError) return error;
  if (error instanceof QueryRefused) return new ControlError(error.code, 'REFUSED', error.message);
  if (error instanceof ZodError) {
    const problems = error.issues.map(({ path, message }) => `${path.join('.') || 'body'}: ${message}`);
    return new ControlError(400, 'INVALID_REQUEST', problems.join('; '));
  }
  return new ControlError(500, 'INTERNAL', error instanceof Error ? error.message : String(error));
}
