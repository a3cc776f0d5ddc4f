import type { Exchange } from './exchange.js';

const LONG_TEXT = 160;
const SECRET_NAME = /token|password|secret|jwt|authorization/i;
const KEPT = 24;

/** An exchange a person can read and pass on: tokens and long texts such as QR codes are shortened. */
export interface ShownExchange {
  direction: Exchange['direction'];
  request: string;
  headers: Record<string, string>;
  requestBody?: unknown;
  /** 0 when no answer came. */
  status: number;
  answer?: unknown;
  failure?: string;
  durationMs: number;
}

/** @param secrets never shown, wherever they stand */
export const shorten = (exchange: Exchange, secrets: readonly string[]): ShownExchange => {
  const hide = (text: string): string =>
    secrets.filter((secret) => secret !== '').reduce((left, secret) => left.replaceAll(secret, masked(secret)), text);
  const requestBody = readable(exchange.requestText, hide);
  const answer = readable(exchange.responseText, hide);
  return {
    direction: exchange.direction,
    request: `${exchange.method} ${hide(exchange.url)}`,
    headers: Object.fromEntries(Object.entries(exchange.requestHeaders).map(([name, value]) => [name, header(name, hide(value))])),
    ...(requestBody !== undefined && { requestBody }),
    status: exchange.status,
    ...(answer !== undefined && { answer }),
    ...(exchange.failure !== undefined && { failure: exchange.failure }),
    durationMs: exchange.endedAt - exchange.startedAt,
  };
};

const masked = (secret: string): string => `‹${secret.length} characters›`;

const header = (name: string, value: string): string => {
  if (name !== 'authorization') return shortText(value);
  const [scheme = '', ...rest] = value.split(' ');
  const credentials = rest.join(' ');
  return credentials.startsWith('‹') ? value : `${scheme} ${masked(credentials)}`;
};

const readable = (text: string, hide: (text: string) => string): unknown => {
  if (text === '') return undefined;
  try {
    return shortValue(JSON.parse(text) as unknown, '', hide);
  } catch {
    return shortText(hide(text));
  }
};

const shortValue = (value: unknown, name: string, hide: (text: string) => string): unknown => {
  if (typeof value === 'string') return SECRET_NAME.test(name) ? masked(value) : shortText(hide(value));
  if (Array.isArray(value)) return value.map((item) => shortValue(item, name, hide));
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, shortValue(item, key, hide)]));
  }
  return value;
};

const shortText = (text: string): string => (text.length <= LONG_TEXT ? text : `${text.slice(0, KEPT)}… (${text.length} characters)`);
