import { Agent as HttpAgent, request as httpRequest, type ClientRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { LookupFunction } from 'node:net';
import { AppError } from '../../shared/errors.js';
import type { FetchTarget } from '../media/fetch-target.js';
import type { WebhookAnswer } from './webhook-verdict.js';

export interface WebhookPost {
  url: string;
  headers: Record<string, string>;
  body: string;
  /** May be sent to any address. */
  trusted: boolean;
}

export interface WebhookClientOptions {
  /** Decides where what is not trusted may go. @throws AppError */
  allowed: (url: URL) => Promise<FetchTarget>;
  timeoutMs?: number;
}

const TIMEOUT_MS = 10_000;
/** What a consumer has to say beyond its status is read only so that the connection can be used again. */
const MOST_ANSWER_BYTES = 64 * 1024;
const SOCKETS = { keepAlive: true, maxSockets: 16, maxFreeSockets: 4, timeout: 4_000 };

/** Posts of events. Nothing is followed, nothing of an answer but its status counts, and every post ends. */
export class WebhookClient {
  readonly #options: WebhookClientOptions;
  readonly #agents = { 'http:': new HttpAgent(SOCKETS), 'https:': new HttpsAgent(SOCKETS) };
  readonly #running = new Set<ClientRequest>();
  #closed = false;

  constructor(options: WebhookClientOptions) {
    this.#options = options;
  }

  /** Never rejects. */
  async post(post: WebhookPost): Promise<WebhookAnswer> {
    const { timeoutMs = TIMEOUT_MS } = this.#options;
    const late = AbortSignal.timeout(timeoutMs);
    try {
      return await this.#send(post, late).catch(async (error: unknown) => {
        // Ended by the consumer while it was idle, just before it was used again.
        if (error instanceof StaleConnectionError) return this.#send(post, late);
        throw error;
      });
    } catch (error) {
      return { failure: late.aborted ? `It did not answer within ${timeoutMs / 1000} s.` : sentenceOf(error) };
    }
  }

  /** Ends what is under way. */
  close(): void {
    this.#closed = true;
    for (const request of this.#running) request.destroy(new Error('the worker is stopping'));
    for (const agent of Object.values(this.#agents)) agent.destroy();
  }

  async #send({ url: address, headers, body, trusted }: WebhookPost, signal: AbortSignal): Promise<WebhookAnswer> {
    const url = new URL(address);
    const target = trusted ? undefined : await this.#options.allowed(url);
    signal.throwIfAborted();
    if (this.#closed) throw new Error('the worker is stopping');
    const secure = url.protocol === 'https:';
    const request = (secure ? httpsRequest : httpRequest)(url, {
      method: 'POST',
      agent: this.#agents[secure ? 'https:' : 'http:'],
      headers: {
        ...headers,
        'content-type': 'application/json',
        'content-length': Buffer.byteLength(body),
        'user-agent': 'whatsapp-gateway-worker',
      },
      signal,
      ...(target && { lookup: pinned(target) }),
    });
    this.#running.add(request);
    request.once('close', () => this.#running.delete(request));
    return new Promise((resolve, reject) => {
      request.on('error', (error) => {
        const isStale = request.reusedSocket && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
        reject(isStale ? new StaleConnectionError() : error);
      });
      request.once('response', (response) => {
        drain(response);
        resolve({ status: response.statusCode ?? 0, retryAfterMs: retryAfterOf(response.headers['retry-after'], Date.now()) });
      });
      request.end(body);
    });
  }
}

class StaleConnectionError extends Error {}

const drain = (response: IncomingMessage): void => {
  let bytes = 0;
  response.on('error', () => undefined);
  response.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes > MOST_ANSWER_BYTES) response.destroy();
  });
};

/** Connects to what was checked, whatever the name server says by now. */
const pinned =
  ({ addresses }: FetchTarget): LookupFunction =>
  (_host, options, callback) => {
    const [first] = addresses;
    if (options.all === true) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };

const retryAfterOf = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const ms = /^\d{1,9}$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
};

/** In words of ours: those of libraries name addresses. */
const SENTENCES: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'Nothing listens there.',
  ECONNRESET: 'It closed the connection before it had answered.',
  EPIPE: 'It closed the connection before it had answered.',
  ENOTFOUND: 'Its host name is not known.',
  EAI_AGAIN: 'Its host name could not be looked up.',
};
const sentenceOf = (error: unknown): string => {
  if (error instanceof AppError)
    return 'Its host is unknown, not public, or its port is not one of the web; WEBHOOK_ALLOW makes exceptions.';
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'no code';
  return SENTENCES[code] ?? `It could not be reached (${code}).`;
};
