// A consumer of webhooks on loopback, as well or badly behaved as a test wants it.
import { createHmac, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Received {
  id: string;
  /** Unix seconds. */
  timestamp: number;
  isSigned: boolean;
  event: { sessionId: string; seq: number; type: string; [key: string]: unknown };
}

/** What it does with a request: answers a status, or nothing at all. */
export type Behaviour = (received: Received, response: ServerResponse) => number | 'hang' | Promise<number | 'hang'>;

export class WebhookConsumer {
  /** Everything it was sent, taken or not, in the order of arrival. */
  readonly received: Received[] = [];
  /** What it answered 2xx. */
  readonly taken: Received[] = [];
  behave: Behaviour = () => 200;
  readonly #secret: string;
  #server: Server | undefined;
  #port = 0;

  constructor(secret: string) {
    this.#secret = secret;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`;
  }

  /** Listens, on the port it had before. */
  async start(): Promise<this> {
    const server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => void this.#take(request.headers, Buffer.concat(chunks).toString(), response));
    });
    this.#server = server;
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    return this;
  }

  /** Ends in the middle of whatever it does. */
  async kill(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    if (!server) return;
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }

  /** Numbers of the events of a session in the order they were taken, repeats aside. */
  seqsOf(sessionId: string): number[] {
    return [...new Set(this.taken.filter(({ event }) => event.sessionId === sessionId).map(({ event }) => event.seq))];
  }

  async #take(headers: NodeJS.Dict<string | string[]>, body: string, response: ServerResponse): Promise<void> {
    const [id, timestamp] = [String(headers['webhook-id']), Number(headers['webhook-timestamp'])];
    const expected = createHmac('sha256', Buffer.from(this.#secret.replace('whsec_', ''), 'base64'))
      .update(`${id}.${timestamp}.${body}`)
      .digest();
    const given = Buffer.from(String(headers['webhook-signature']).replace(/^v1,/, ''), 'base64');
    const isSigned = given.length === expected.length && timingSafeEqual(given, expected);
    const received = { id, timestamp, isSigned, event: JSON.parse(body) as Received['event'] };
    this.received.push(received);
    const status = await this.behave(received, response);
    if (status === 'hang' || response.destroyed) return;
    if (status >= 200 && status < 300) this.taken.push(received);
    response.writeHead(status, status === 429 ? { 'Retry-After': '1' } : {}).end('thanks');
  }
}
