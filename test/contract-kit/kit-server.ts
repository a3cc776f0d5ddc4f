import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { parsedJson, type Exchange } from './exchange.js';

export interface Reply {
  status: number;
  json: unknown;
  headers?: Record<string, string>;
}

/** A server of the kit's own, that keeps what it was asked. */
export class KitServer {
  readonly exchanges: Exchange[] = [];
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  /**
   * @param port 0 for any
   * @param answer gets the exchange with its request filled in
   * @throws when the port is taken
   */
  static async listen(port: number, host: string, answer: (exchange: Exchange) => Reply | Promise<Reply>): Promise<KitServer> {
    const server = createServer();
    const self = new KitServer(server);
    server.on('request', (request, response) => {
      void self.#take(request, response, answer);
    });
    server.listen(port, host);
    await once(server, 'listening');
    return self;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  async #take(request: IncomingMessage, response: ServerResponse, answer: (exchange: Exchange) => Reply | Promise<Reply>): Promise<void> {
    const exchange: Exchange = {
      direction: 'received',
      method: request.method ?? '',
      url: request.url ?? '',
      requestHeaders: Object.fromEntries(Object.entries(request.headers).map(([name, value]) => [name, String(value)])),
      requestText: '',
      status: 0,
      responseText: '',
      body: undefined,
      startedAt: Date.now(),
      endedAt: Date.now(),
    };
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      exchange.requestText = Buffer.concat(chunks).toString('utf8');
      exchange.body = parsedJson(exchange.requestText);
      // Listed before it is answered: the answer may depend on what came before.
      this.exchanges.push(exchange);
      const { status, json, headers = {} } = await answer(exchange);
      exchange.status = status;
      exchange.responseText = JSON.stringify(json);
      response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(exchange.responseText);
    } catch (error) {
      exchange.failure = error instanceof Error ? error.message : String(error);
      response.destroy();
    } finally {
      exchange.endedAt = Date.now();
    }
  }
}
