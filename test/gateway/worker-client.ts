// Every request the gateway makes of a worker.
import { setTimeout as sleep } from 'node:timers/promises';
import { got, RequestError, TimeoutError } from 'got';
import { z } from 'zod';
import type { Retry } from './dialects/dialect.js';

export interface WorkerCall {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** Behind the worker's endpoint; begins with a slash. */
  readonly path: string;
  readonly body?: Record<string, unknown> | undefined;
  readonly headers?: Record<string, string>;
  readonly timeoutMs: number;
}

/** What became of a call. `tookMs` is until the whole answer was there. */
export type WorkerAnswer =
  | {
      readonly kind: 'answered';
      readonly status: number;
      readonly body: Record<string, unknown>;
      readonly retryAfter: string | undefined;
      readonly tookMs: number;
    }
  /** No whole answer in time: the worker may have done what was asked. */
  | { readonly kind: 'timeout'; readonly sentence: string }
  /** No connection, or one that broke. */
  | { readonly kind: 'unreachable'; readonly sentence: string };

export const HEALTH_TIMEOUT_MS = 5_000;

const JsonObject = z.record(z.string(), z.unknown());

export class WorkerClient {
  readonly #token: string;
  readonly #retry: Retry;
  readonly #ending = new AbortController();

  constructor(token: string, retry: Retry) {
    this.#token = token;
    this.#retry = retry;
  }

  /** Never rejects. The content type is said even without a body, as deployed gateways do. */
  async call(endpoint: string, call: WorkerCall): Promise<WorkerAnswer> {
    const headers = { authorization: `Bearer ${this.#token}`, 'content-type': 'application/json', ...call.headers };
    for (let attempt = 1; ; attempt++) {
      const answer = await this.#request(endpoint, call, headers);
      const isFinal = (answer.kind === 'answered' && answer.status < 500) || this.#ending.signal.aborted;
      if (isFinal || attempt >= this.#retry.attempts) return answer;
      await this.#pause(this.#retry.pauseMs * attempt);
    }
  }

  /** `GET /health`, which needs no token. */
  async health(endpoint: string): Promise<WorkerAnswer> {
    return this.#request(endpoint, { method: 'GET', path: '/health', timeoutMs: HEALTH_TIMEOUT_MS }, {});
  }

  /** Ends what is under way. */
  close(): void {
    this.#ending.abort();
  }

  async #pause(ms: number): Promise<void> {
    try {
      await sleep(ms, undefined, { signal: this.#ending.signal });
    } catch {
      // Ended early because the gateway stops; the next try ends at once.
    }
  }

  async #request(endpoint: string, { method, path, body, timeoutMs }: WorkerCall, headers: Record<string, string>): Promise<WorkerAnswer> {
    const startedAt = performance.now();
    try {
      const response = await got(endpoint + path, {
        method,
        headers,
        ...(body !== undefined && { body: JSON.stringify(body) }),
        timeout: { request: timeoutMs },
        // Repeating is a decision of the dialect.
        retry: { limit: 0 },
        throwHttpErrors: false,
        followRedirect: false,
        signal: this.#ending.signal,
      });
      return {
        kind: 'answered',
        status: response.statusCode,
        body: objectIn(response.body),
        retryAfter: response.headers['retry-after'],
        tookMs: Math.round(performance.now() - startedAt),
      };
    } catch (error) {
      if (error instanceof TimeoutError) return { kind: 'timeout', sentence: 'Connection timeout' };
      if (error instanceof RequestError) return { kind: 'unreachable', sentence: `Connection failed: ${error.code}` };
      throw error;
    }
  }
}

/** An answer that is no JSON object counts as an empty one; its status still tells. */
const objectIn = (text: string): Record<string, unknown> => {
  try {
    const result = JsonObject.safeParse(JSON.parse(text));
    return result.success ? result.data : {};
  } catch {
    return {};
  }
};
