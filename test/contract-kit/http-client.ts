import { ContractBroken } from './check.js';
import type { CheckScope } from './check-scope.js';
import { parsedJson, type Exchange } from './exchange.js';

export interface Call {
  method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Put behind the target's address. */
  path: string;
  /** Sent as JSON. */
  json?: unknown;
  /** Sent as it is, announced as JSON; may be empty. */
  text?: string;
  headers?: Record<string, string>;
  /** Instead of the client's token; null sends none. */
  bearer?: string | null;
}

const EXCHANGE_TIMEOUT_MS = 30_000;
/** Far above any answer of the contract: more is not read. */
const MAX_ANSWER_BYTES = 8 * 1024 * 1024;

/** Asks one target, on behalf of one check, and records every exchange in the check's scope. */
export class HttpClient {
  constructor(
    readonly baseUrl: string,
    readonly bearer: string | undefined,
    private readonly scope: CheckScope,
    private readonly timeoutMs: number = EXCHANGE_TIMEOUT_MS,
  ) {}

  /** @throws ContractBroken when no whole answer comes in time */
  async request(call: Call): Promise<Exchange> {
    const { init, exchange } = this.#begin(call);
    // A clean-up runs after the check's signal may have fired, and is bounded by the timeout alone.
    const signals = [AbortSignal.timeout(this.timeoutMs), ...(this.scope.signal.aborted ? [] : [this.scope.signal])];
    try {
      const response = await fetch(exchange.url, { ...init, redirect: 'manual', signal: AbortSignal.any(signals) });
      exchange.responseText = await textOf(response);
      exchange.status = response.status;
      exchange.body = parsedJson(exchange.responseText);
      return exchange;
    } catch (error) {
      exchange.failure = reasonOf(error, this.timeoutMs);
      throw new ContractBroken(`${call.method} ${call.path} got no answer: ${exchange.failure}`, exchange);
    } finally {
      exchange.endedAt = Date.now();
    }
  }

  #begin({ method, path, json, text, headers = {}, bearer = this.bearer }: Call): { init: RequestInit; exchange: Exchange } {
    const body = json === undefined ? text : JSON.stringify(json);
    const requestHeaders: Record<string, string> = {
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...(bearer !== null && bearer !== undefined && { authorization: `Bearer ${bearer}` }),
      ...headers,
    };
    const now = Date.now();
    const exchange: Exchange = {
      direction: 'sent',
      method,
      url: this.baseUrl.replace(/\/+$/, '') + path,
      requestHeaders,
      requestText: body ?? '',
      status: 0,
      responseText: '',
      body: undefined,
      startedAt: now,
      endedAt: now,
    };
    this.scope.exchanges.push(exchange);
    // fetch takes no body with GET, and the contract has none.
    return { init: { method, headers: requestHeaders, ...(body !== undefined && method !== 'GET' && { body }) }, exchange };
  }
}

const textOf = async (response: Response): Promise<string> => {
  if (!response.body) return '';
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    chunks.push(chunk);
    bytes += chunk.byteLength;
    if (bytes > MAX_ANSWER_BYTES) throw new Error(`the answer is larger than ${MAX_ANSWER_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
};

const reasonOf = (error: unknown, timeoutMs: number): string => {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return `nothing within ${timeoutMs} ms`;
  const { cause } = error;
  return cause instanceof Error ? ('code' in cause && typeof cause.code === 'string' ? cause.code : cause.message) : error.message;
};
