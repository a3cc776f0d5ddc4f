import { Agent as HttpAgent, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { LookupAddress } from 'node:dns';
import type { OptionsInit, Request } from 'got';
import PQueue from 'p-queue';
import { AppError } from '../../shared/errors.js';
import type { FetchTarget, FetchTargets } from './fetch-target.js';

export interface SafeFetchOptions {
  targets: FetchTargets;
  /** For everything, redirects and waiting for the bytes included. */
  totalMs: number;
  connectMs?: number;
  /** Silence of a server that has not sent everything. */
  idleMs?: number;
}

/** What a server says of the bytes that come; nothing of it is proven. */
export interface FetchedHeaders {
  contentType: string | undefined;
  contentLength: number | undefined;
  /** The last segment of the path it came from. */
  fileName: string | undefined;
}

const MAX_REDIRECTS = 5;
const AT_ONCE = 4;
/** Requests that wait for one of these; more are told to come back. */
const WAITING = 64;
const CONNECT_MS = 5_000;
const IDLE_MS = 15_000;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);

/**
 * Fetches what clients name by URL. A host is looked up once for each step, every address it has is checked, and the connection goes to one of
 * these: a name server that changes its mind between check and connect changes nothing. Nothing of ours travels along: no cookies, no credentials,
 * no proxy.
 */
export class SafeFetch {
  readonly #options: SafeFetchOptions;
  readonly #queue = new PQueue({ concurrency: AT_ONCE });
  /** A kept connection would have been checked for another request. */
  readonly #agent = { http: new HttpAgent({ keepAlive: false }), https: new HttpsAgent({ keepAlive: false }) };

  constructor(options: SafeFetchOptions) {
    this.#options = options;
  }

  /**
   * Resolves with what `take` made of the bytes; it must read them to their end or throw, and is given a signal that says when it is too late.
   * @throws MEDIA_URL_REFUSED, MEDIA_FETCH_FAILED, BUSY, and what `take` throws
   */
  async fetch<T>(
    url: URL,
    take: (bytes: AsyncIterable<Buffer>, headers: FetchedHeaders, signal: AbortSignal) => Promise<T>,
    signal?: AbortSignal,
  ): Promise<T> {
    if (this.#queue.size >= WAITING) {
      throw new AppError('BUSY', 'Too many media are being fetched at once; try again later.', { retryAfterSeconds: 5 });
    }
    const late = AbortSignal.timeout(this.#options.totalMs);
    const ended = AbortSignal.any([late, ...(signal ? [signal] : [])]);
    return this.#queue.add(async () => {
      try {
        ended.throwIfAborted();
        return await this.#follow(url, take, ended);
      } catch (error) {
        if (error instanceof AppError) throw error;
        throw failed(late.aborted ? 'it took too long' : reasonOf(error), error);
      }
    });
  }

  async #follow<T>(
    first: URL,
    take: (bytes: AsyncIterable<Buffer>, headers: FetchedHeaders, signal: AbortSignal) => Promise<T>,
    signal: AbortSignal,
  ): Promise<T> {
    let url = first;
    for (let step = 0; step <= MAX_REDIRECTS; step++) {
      const request = await this.#request(await abortable(this.#options.targets.of(url), signal), signal);
      try {
        const { statusCode = 0, headers } = await answerOf(request);
        if (REDIRECTS.has(statusCode)) {
          const next =
            headers.location === undefined || !URL.canParse(headers.location, url.href) ? undefined : new URL(headers.location, url);
          if (!next) throw failed(`its server answered ${statusCode} without saying where to go`);
          url = next;
          continue;
        }
        if (statusCode !== 200) throw failed(`its server answered ${statusCode}`);
        if ((headers['content-encoding'] ?? 'identity') !== 'identity') throw failed('its server compressed the file');
        return await take(request, headersOf(headers, url), signal);
      } finally {
        request.destroy();
      }
    }
    throw failed(`it was redirected more than ${MAX_REDIRECTS} times`);
  }

  async #request({ url, addresses }: FetchTarget, signal: AbortSignal): Promise<Request> {
    const { connectMs = CONNECT_MS, idleMs = IDLE_MS } = this.#options;
    // Loaded with the first call: a worker that is never asked to fetch does without.
    const { got } = await import('got');
    return got.stream(url, {
      headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'whatsapp-gateway-worker' },
      dnsLookup: pinned(addresses) as NonNullable<OptionsInit['dnsLookup']>,
      agent: this.#agent,
      timeout: { connect: connectMs, secureConnect: connectMs, socket: idleMs, response: idleMs },
      signal,
      decompress: false,
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      strictContentLength: true,
    });
  }
}

/** Answers every look-up with the addresses that were checked. */
const pinned =
  (addresses: FetchTarget['addresses']) =>
  (
    _host: string,
    options: { all?: boolean } | undefined,
    callback: (error: Error | null, address: string | LookupAddress[], family?: number) => void,
  ): void => {
    const [first] = addresses;
    if (options?.all) callback(null, [...addresses]);
    else callback(null, first?.address ?? '', first?.family);
  };

const answerOf = async (request: Request): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request.once('response', resolve);
    // Stays for what comes after the answer, which the reader of the bytes hears of too.
    request.on('error', reject);
  });

const abortable = async <T>(work: Promise<T>, signal: AbortSignal): Promise<T> =>
  new Promise((resolve, reject) => {
    signal.throwIfAborted();
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    work.then(resolve, reject);
  });

const headersOf = (headers: IncomingMessage['headers'], url: URL): FetchedHeaders => {
  const length = headers['content-length'];
  return {
    contentType: headers['content-type'],
    contentLength: length !== undefined && /^\d{1,15}$/.test(length) ? Number(length) : undefined,
    fileName: lastSegment(url),
  };
};

const lastSegment = (url: URL): string | undefined => {
  const segment = url.pathname.split('/').at(-1) ?? '';
  try {
    return decodeURIComponent(segment) || undefined;
  } catch {
    return segment;
  }
};

/** In words of ours: messages of libraries name addresses. */
const REASONS: Readonly<Record<string, string>> = {
  ETIMEDOUT: 'its server did not answer in time',
  ECONNREFUSED: 'its server accepts no connection',
  ECONNRESET: 'its server broke the connection off',
  ERR_ABORTED: 'the request was given up',
  ABORT_ERR: 'the request was given up',
};
const reasonOf = (error: unknown): string => {
  const code = (error as { code?: unknown }).code;
  return (
    (typeof code === 'string' ? REASONS[code] : undefined) ?? 'its server could not be reached or sent something else than a whole file'
  );
};

const failed = (why: string, cause?: unknown): AppError =>
  new AppError('MEDIA_FETCH_FAILED', `The media could not be fetched: ${why}.`, { ...(cause !== undefined && { cause }) });
