// A backend that does as it is told: records every request with its time of arrival, and answers by a script per route.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

export interface RecordedRequest {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  /** Parsed; an empty object when there was none. */
  body: Record<string, unknown>;
  /** Of a monotonic clock, in milliseconds: when the request line came, and when its answer was written. */
  arrivedAt: number;
  answeredAt: number | undefined;
}

/** `hang` never answers, `close` ends the connection without an answer, `cut` in the middle of one; `endless` never ends it. */
export type Answer =
  | 'hang'
  | 'close'
  | 'cut'
  | 'endless'
  | { status?: number; body?: unknown; text?: string; headers?: Record<string, string>; delayMs?: number };
type ScriptedAnswer = Answer | ((request: RecordedRequest) => Answer | Promise<Answer>);

/** A route is the method and the end of the path, such as `PUT /heartbeat`. */
type Route = `${'GET' | 'POST' | 'PUT'} /${string}`;

export const ROUTES = { register: 'POST /workers/register', heartbeat: 'PUT /heartbeat', webhook: 'POST /session-status' } as const;

const TAKEN: Answer = { body: { success: true, data: {} } };

export interface RecordingBackend {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RecordedRequest[];
  /** The requests of a route, in the order of their arrival. */
  of(route: Route): RecordedRequest[];
  /** Answers of the route from now on, one after the other; the last one stays. Every route answers 200 before it was told. */
  answers(route: Route, ...answers: ScriptedAnswer[]): void;
  /** Takes no more connections and ends those that are open. */
  close(): Promise<void>;
}

/** @param port a free one when 0 */
export const startRecordingBackend = async (port = 0): Promise<RecordingBackend> => {
  const requests: RecordedRequest[] = [];
  const scripts = new Map<Route, ScriptedAnswer[]>();
  const sockets = new Set<Socket>();
  const timers = new Set<NodeJS.Timeout>();

  const answerTo = ({ method, path }: RecordedRequest): ScriptedAnswer => {
    const script = [...scripts].find(([route]) => fits(route, method, path))?.[1];
    return (script && script.length > 1 ? script.shift() : script?.[0]) ?? TAKEN;
  };
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const record: RecordedRequest = {
      method: request.method ?? '',
      path: request.url ?? '',
      headers: request.headers,
      body: {},
      arrivedAt: performance.now(),
      answeredAt: undefined,
    };
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const text = Buffer.concat(chunks).toString('utf8');
    if (text !== '') record.body = JSON.parse(text) as Record<string, unknown>;
    requests.push(record);
    const scripted = answerTo(record);
    const answer = typeof scripted === 'function' ? await scripted(record) : scripted;
    if (answer === 'hang') return;
    if (answer === 'close') {
      request.socket.destroy();
      return;
    }
    if (answer === 'cut') {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': '1000' });
      response.write('{"success":', () => request.socket.destroy());
      return;
    }
    if (answer === 'endless') {
      response.writeHead(200, { 'content-type': 'application/json' });
      // What pours it out when it is ended from the other side is no failure here.
      await pipeline(Readable.from(endlessText()), response).catch(() => undefined);
      return;
    }
    const send = (): void => {
      record.answeredAt = performance.now();
      response.writeHead(answer.status ?? 200, { 'content-type': 'application/json', ...answer.headers });
      response.end(answer.text ?? (answer.body === undefined ? '' : JSON.stringify(answer.body)));
    };
    if (answer.delayMs === undefined) return send();
    const timer = setTimeout(() => {
      timers.delete(timer);
      send();
    }, answer.delayMs);
    timers.add(timer);
  };

  const server = createServer((request, response) => {
    // A request that is cut off was none.
    serve(request, response).catch(() => request.destroy());
  });
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await listen(server, port);
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    requests,
    of: (route) => requests.filter(({ method, path }) => fits(route, method, path)),
    answers: (route, ...answers) => void scripts.set(route, answers),
    close: async () => {
      for (const timer of timers) clearTimeout(timer);
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
};

function* endlessText(): Generator<string> {
  for (;;) yield ' '.repeat(16_384);
}

const fits = (route: Route, method: string, path: string): boolean => {
  const [routeMethod, end = ''] = route.split(' ');
  return method === routeMethod && (path.split('?')[0] ?? '').endsWith(end);
};

const listen = async (server: Server, port: number): Promise<void> =>
  new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => {
      server.off('error', reject);
      resolve();
    });
  });
