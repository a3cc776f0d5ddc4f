// Downloads through an agent, which the global fetch does not take.
import type { Agent, IncomingMessage } from 'node:http';
import { request } from 'node:https';
import { Readable } from 'node:stream';

const MOST_REDIRECTS = 5;
const WITHOUT_BODY: ReadonlySet<number> = new Set([204, 205, 304]);

interface FetchInit {
  headers?: RequestInit['headers'];
  signal?: AbortSignal | null | undefined;
}

/** As `fetch`, for `https:` and GET. */
export const fetchThrough = async (agent: Agent, address: URL | string, { headers, signal }: FetchInit = {}): Promise<Response> => {
  let url = new URL(address);
  for (let redirects = 0; ; redirects++) {
    if (url.protocol !== 'https:') throw new Error('only https is fetched through a proxy');
    const answer = await get(agent, url, Object.fromEntries(new Headers(headers)), signal ?? undefined);
    const { statusCode = 0, headers: answered } = answer;
    const { location } = answered;
    if (statusCode < 300 || statusCode >= 400 || location === undefined || redirects === MOST_REDIRECTS)
      return responseOf(answer, statusCode);
    answer.destroy();
    url = new URL(location, url);
  }
};

const get = async (agent: Agent, url: URL, headers: Record<string, string>, signal: AbortSignal | undefined): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    request(url, { agent, headers, ...(signal && { signal }) }, resolve)
      .on('error', reject)
      .end();
  });

const responseOf = (answer: IncomingMessage, status: number): Response => {
  const headers = new Headers();
  for (const [name, value] of Object.entries(answer.headersDistinct)) for (const one of value ?? []) headers.append(name, one);
  const body = WITHOUT_BODY.has(status) ? null : (Readable.toWeb(answer) as ReadableStream);
  if (body === null) answer.resume();
  return new Response(body, { status, headers });
};
