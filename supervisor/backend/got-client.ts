// The one file that imports got: calls to the backend that always end.
import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Request } from 'got';
import type { Logger } from '../../shared/logging.js';
import type { BackendAnswer, BackendClient, BackendRequest } from './backend-request.js';
import { failureSentence } from './failure-sentence.js';
import { readAnswer } from './read-answer.js';

const TIMEOUT_MS = 10_000;
const CONNECT_MS = 5_000;
/** More than any answer the backend has reason to give. */
const MAX_ANSWER_BYTES = 256 * 1024;
const MAX_SOCKETS = 8;
/** Idle connections are ended before common servers end them, which is after 5 seconds. */
const IDLE_SOCKET_MS = 4_000;

export interface BackendClientOptions {
  /** http(s), with or without a path, without a slash at its end. */
  baseUrl: string;
  /** Sent as `Authorization: Bearer …`; never logged or shown. */
  token: string | undefined;
  log: Logger;
}

/** With connections of its own: one client's slow calls take nothing from another's. */
export const createBackendClient = ({ baseUrl, token, log }: BackendClientOptions): BackendClient => {
  const settings = { keepAlive: true, maxSockets: MAX_SOCKETS, maxFreeSockets: 2, timeout: IDLE_SOCKET_MS };
  const agent = { http: new HttpAgent(settings), https: new HttpsAgent(settings) };
  const running = new Set<Request>();
  const hide = hiding(token);
  let closed = false;

  const once = async (call: BackendRequest, url: URL, timeoutMs: number): Promise<BackendAnswer> => {
    // Loaded with the first call: a worker without a backend does without.
    const { got } = await import('got');
    if (closed) throw new ClosedError();
    const phase = Math.min(CONNECT_MS, timeoutMs);
    const request = got.stream(url, {
      method: call.method,
      ...(call.body !== undefined && { json: call.body }),
      headers: {
        accept: 'application/json',
        'accept-encoding': 'identity',
        'user-agent': 'whatsapp-gateway-worker',
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
      },
      timeout: {
        lookup: phase,
        connect: phase,
        secureConnect: phase,
        send: timeoutMs,
        socket: timeoutMs,
        response: timeoutMs,
        read: timeoutMs,
        request: timeoutMs,
      },
      agent,
      retry: { limit: 0 },
      followRedirect: false,
      throwHttpErrors: false,
      strictContentLength: true,
    });
    running.add(request);
    // Bounds what got does not, such as waiting for a free connection.
    const timer = setTimeout(() => request.destroy(new TimedOutError()), timeoutMs);
    try {
      const body = await bodyOf(request);
      const { response } = request;
      if (!response) throw new Error('no answer came');
      const { location, 'retry-after': retryAfter } = response.headers;
      return readAnswer({ status: response.statusCode, location, retryAfter, body, url }, Date.now(), hide);
    } catch (error) {
      // Ended by the backend while it was idle, just before it was used again.
      throw request.reusedSocket === true && !request.response && isReset(error) ? new StaleConnectionError() : error;
    } finally {
      clearTimeout(timer);
      running.delete(request);
      request.destroy();
    }
  };

  const failed = (error: unknown, timeoutMs: number): BackendAnswer => ({
    kind: 'failed',
    status: undefined,
    sentence: sentenceOf(error, timeoutMs),
    retryAfterMs: undefined,
  });

  return {
    call: async (call, { timeoutMs = TIMEOUT_MS } = {}) => {
      const begun = performance.now();
      const attempt = async (): Promise<BackendAnswer> =>
        once(call, new URL(`${baseUrl}${call.path}`), Math.max(1, timeoutMs - (performance.now() - begun)));
      const answer = await attempt()
        .catch(async (error: unknown) => {
          if (error instanceof StaleConnectionError) return attempt();
          throw error;
        })
        .catch((error: unknown) => failed(error, timeoutMs));
      if (answer.kind !== 'accepted') {
        const { kind, status, sentence } = answer;
        log.debug({ method: call.method, path: call.path, kind, status, cause: sentence }, 'a call to the backend did not succeed');
      }
      return answer;
    },
    close: () => {
      closed = true;
      for (const request of running) request.destroy(new ClosedError());
      agent.http.destroy();
      agent.https.destroy();
    },
  };
};

class TimedOutError extends Error {}
class TooLargeError extends Error {}
class ClosedError extends Error {}
class StaleConnectionError extends Error {}

/** What was unpacked counts, so that a small answer cannot become a large one. @throws TooLargeError */
const bodyOf = async (request: Request): Promise<string> => {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MAX_ANSWER_BYTES) throw new TooLargeError();
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const causes = (error: unknown): Error[] => (error instanceof Error ? [error, ...causes(error.cause)] : []);

const isReset = (error: unknown): boolean =>
  causes(error).some((cause) => 'code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'EPIPE'));

const sentenceOf = (error: unknown, timeoutMs: number): string => {
  const chain = causes(error);
  if (chain.some((cause) => cause instanceof ClosedError)) return 'the worker is stopping';
  if (chain.some((cause) => cause instanceof TooLargeError)) return `the backend's answer is longer than ${MAX_ANSWER_BYTES / 1024} KiB`;
  if (chain.some((cause) => cause instanceof TimedOutError || ('code' in cause && cause.code === 'ETIMEDOUT'))) {
    return `the backend did not answer within ${Math.round(timeoutMs / 100) / 10} s`;
  }
  return failureSentence(error);
};

/** A backend may repeat what it was sent. Shorter tokens are part of common words. */
const hiding =
  (token: string | undefined) =>
  (text: string): string =>
    token === undefined || token.length < 8 ? text : text.replaceAll(token, '[redacted]');
