// Stands between a client and a server of objects and makes the faults that a network and a load balancer make.
import { once } from 'node:events';
import http, { type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import https from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

export type Fault =
  | 'pass'
  /** Resets every connection. */
  | 'refuse'
  /** Takes everything, answers nothing. */
  | 'freeze'
  /** What an overloaded server says. */
  | 'answer-503'
  /** What a login page or the wrong server says. */
  | 'answer-html'
  /** The head and half of the body, then a reset. */
  | 'half-answer'
  /** A byte now and then. */
  | 'trickle'
  /** The server does as asked, the answer is lost. */
  | 'drop-after-request'
  | Answer;

interface Answer {
  status: number;
  type: string;
  body: string;
}

const SLOW_DOWN: Answer = {
  status: 503,
  type: 'application/xml',
  // Long enough not to arrive with the head.
  body: `<?xml version="1.0"?><Error><Code>SlowDown</Code><Message>${'slow down '.repeat(4_000)}</Message></Error>`,
};
const LOGIN_PAGE: Answer = { status: 200, type: 'text/html; charset=utf-8', body: '<!doctype html><title>Log in</title>' };

const TRICKLE_MS = 40;

export interface FaultProxyOptions {
  /** Speaks TLS to the client. */
  tls?: { key: string; cert: string };
}

export class FaultProxy {
  readonly port: number;
  /** Of clients, since the start. */
  connections = 0;
  /** Method and path of every request, in order of arrival. */
  readonly requests: string[] = [];
  readonly #server: Server;
  readonly #upstreamPort: number;
  readonly #upstream = new http.Agent({ keepAlive: true });
  readonly #sockets = new Set<Socket>();
  #fault: Fault = 'pass';
  #applies: (request: string) => boolean = () => true;
  #times = Infinity;
  /** The fault needs no look at a request. */
  #everything = true;

  private constructor(server: Server, upstreamPort: number) {
    this.port = (server.address() as AddressInfo).port;
    this.#server = server;
    this.#upstreamPort = upstreamPort;
    server.on('connection', (socket: Socket) => {
      this.connections++;
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
      if (this.#fault === 'refuse' && this.#everything) socket.resetAndDestroy();
    });
    server.on('request', (request, response) => {
      // A client that hangs up is what these tests are about.
      this.#serve(request, response).catch(() => response.destroy());
    });
  }

  static async start(upstreamPort: number, { tls }: FaultProxyOptions = {}): Promise<FaultProxy> {
    const server = tls ? https.createServer(tls) : http.createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    return new FaultProxy(server, upstreamPort);
  }

  get endpoint(): string {
    return `127.0.0.1:${this.port}`;
  }

  /** @param when which requests, as `PUT /bucket/key?query`; @param times how many of them, then all pass */
  set(fault: Fault, { when, times = Infinity }: { when?: (request: string) => boolean; times?: number } = {}): void {
    this.#fault = fault;
    this.#applies = when ?? (() => true);
    this.#everything = when === undefined && times === Infinity;
    this.#times = times;
  }

  async stop(): Promise<void> {
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.#upstream.destroy();
    await once(this.#server, 'close');
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const fault = this.#next(`${request.method ?? ''} ${request.url ?? ''}`);
    if (typeof fault === 'object') {
      await answer(request, response, fault);
      return;
    }
    switch (fault) {
      case 'refuse':
        request.socket.resetAndDestroy();
        return;
      case 'freeze':
        return;
      case 'answer-503':
        await answer(request, response, SLOW_DOWN);
        return;
      case 'answer-html':
        await answer(request, response, LOGIN_PAGE);
        return;
      default:
        await this.#forward(request, response, fault);
    }
  }

  #next(request: string): Fault {
    this.requests.push(request);
    if (this.#fault === 'pass' || this.#times <= 0 || !this.#applies(request)) return 'pass';
    this.#times--;
    return this.#fault;
  }

  async #forward(
    request: IncomingMessage,
    response: ServerResponse,
    fault: 'pass' | 'half-answer' | 'trickle' | 'drop-after-request',
  ): Promise<void> {
    const { method, url: path, rawHeaders: headers } = request;
    const onward = http.request({ host: '127.0.0.1', port: this.#upstreamPort, method, path, headers, agent: this.#upstream });
    request.pipe(onward);
    request.once('close', () => {
      if (!request.complete) onward.destroy();
    });
    const [inward] = (await once(onward, 'response')) as [IncomingMessage];
    if (fault === 'pass') {
      response.writeHead(inward.statusCode ?? 502, inward.rawHeaders);
      inward.pipe(response);
      response.once('close', () => inward.destroy());
      return;
    }
    const body = await bodyOf(inward);
    if (fault === 'drop-after-request') {
      request.socket.resetAndDestroy();
      return;
    }
    response.writeHead(inward.statusCode ?? 502, inward.rawHeaders);
    response.flushHeaders();
    if (fault === 'half-answer') {
      response.write(body.subarray(0, Math.floor(body.length / 2)), () => request.socket.resetAndDestroy());
      return;
    }
    for (let at = 0; at < body.length && !response.destroyed; at++) {
      response.write(body.subarray(at, at + 1));
      await sleep(TRICKLE_MS);
    }
    response.end();
  }
}

const answer = async (request: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): Promise<void> => {
  await bodyOf(request);
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) });
  response.end(body);
};

const bodyOf = async (message: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of message as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
};
