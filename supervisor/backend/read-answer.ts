// What an answer of the backend means, from its status, headers and body alone.
import { STATUS_CODES } from 'node:http';
import type { BackendAnswer } from './backend-request.js';

/** A whole answer as it came. */
export interface RawAnswer {
  status: number;
  /** Of the headers `location` and `retry-after`. */
  location: string | undefined;
  retryAfter: string | undefined;
  body: string;
  /** Where the request went. */
  url: URL;
}

const MAX_SENTENCE = 300;
/** Longer pauses are a misunderstanding, and timers overflow beyond 24 days. */
const MAX_RETRY_AFTER_MS = 3_600_000;
/** 4xx that say "later", not "no". */
const LATER: ReadonlySet<number> = new Set([408, 425, 429]);

/**
 * @param now Unix milliseconds, for a Retry-After that names a date
 * @param hide takes out of a text what must not be shown
 */
export const readAnswer = (answer: RawAnswer, now: number, hide: (text: string) => string): BackendAnswer => {
  const { status } = answer;
  const json = jsonOf(answer.body);
  const body = objectOf(json) ?? {};
  const failed = (sentence: string): BackendAnswer => ({
    kind: 'failed',
    status,
    sentence,
    retryAfterMs: retryAfterMs(answer.retryAfter, now),
  });
  if (status >= 200 && status < 300) {
    if (json === NO_JSON)
      return failed(`the backend answered ${status} with something that is no JSON; is BACKEND_URL the backend itself?`);
    if (body['success'] === false)
      return failed(`the backend answered ${status} and says it failed: ${saidIn(body, hide) ?? 'it gives no reason'}`);
    return { kind: 'accepted', status, body };
  }
  if (status >= 300 && status < 400) return failed(redirected(status, answer, hide));
  const said = saidIn(body, hide);
  if (status >= 400 && status < 500 && !LATER.has(status)) {
    return { kind: 'refused', status, sentence: said ?? `the backend answered ${named(status)}`, body };
  }
  return failed(`the backend answered ${named(status)}${said === undefined ? '' : `: ${said}`}`);
};

/** Text of others as it may be shown: one line without control characters, at most 300 characters. */
const shown = (text: string): string => {
  const line = text.replace(/[\s\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trim();
  // Not in the middle of a surrogate pair.
  return line.length <= MAX_SENTENCE ? line : `${line.slice(0, MAX_SENTENCE - 1).replace(/[\uD800-\uDBFF]$/, '')}…`;
};

/** Seconds or an HTTP date, as milliseconds from now, at most an hour; undefined when it is neither. */
const retryAfterMs = (header: string | undefined, now: number): number | undefined => {
  if (header === undefined) return undefined;
  const text = header.trim();
  const ms = /^\d{1,12}$/.test(text) ? Number(text) * 1_000 : /[A-Za-z]/.test(text) ? Date.parse(text) - now : Number.NaN;
  return Number.isNaN(ms) ? undefined : Math.min(MAX_RETRY_AFTER_MS, Math.max(0, ms));
};

const NO_JSON = Symbol('no JSON');

/** An empty body counts as an empty object. */
const jsonOf = (body: string): unknown => {
  const text = body.replace(/^\uFEFF/, '').trim();
  if (text === '') return {};
  try {
    return JSON.parse(text);
  } catch {
    return NO_JSON;
  }
};

const objectOf = (value: unknown): Record<string, unknown> | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : undefined;

/** Backends say what is wrong as `error`, `error.message` or `message`. */
const saidIn = (body: Record<string, unknown>, hide: (text: string) => string): string | undefined => {
  const texts = [body['error'], objectOf(body['error'])?.['message'], body['message']];
  const text = texts.find((value) => typeof value === 'string' && shown(value) !== '');
  return typeof text === 'string' ? shown(hide(text)) : undefined;
};

const named = (status: number): string => (STATUS_CODES[status] === undefined ? String(status) : `${status} (${STATUS_CODES[status]})`);

const redirected = (status: number, { location, url }: RawAnswer, hide: (text: string) => string): string => {
  const target = location !== undefined && URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (!target) return `the backend answered ${named(status)}; is BACKEND_URL the backend itself?`;
  // No credentials, and no query: it may hold a token.
  return shown(
    `the backend answered ${status} and points to ${target.protocol}//${target.host}${hide(target.pathname)}; BACKEND_URL must be the backend itself`,
  );
};
