// Wrong requests and the answer each must get, for any running worker.
import { ERRORS, type ErrorCode } from '../../shared/errors.js';
import { aroundRows } from './bad-requests-around.js';
import { authRows } from './bad-requests-auth.js';
import { bodyRows } from './bad-requests-body.js';
import { mediaRows } from './bad-requests-media.js';
import { protocolRows } from './bad-requests-protocol.js';
import { routeRows } from './bad-requests-route.js';
import { whatsamRows } from './bad-requests-whatsam.js';
import { requestBytes, sendRaw, type RequestParts } from './raw-request.js';

export interface BadRequest {
  name: string;
  /** Bytes go out as they are; parts get the token, unless `anonymous`. */
  request: (RequestParts & { anonymous?: true }) | Buffer;
  code: ErrorCode;
}

export interface Target {
  baseUrl: string;
  /** Undefined for a worker whose API asks for none; the rows about tokens are then left out. */
  token: string | undefined;
  /** A session that exists and was never connected. */
  sessionId: string;
  /** Of its backend; the rows about the routes for a whatsam gateway are left out for any other. */
  dialect?: 'whatsam';
}

export const badRequests = ({ token, sessionId, dialect }: Omit<Target, 'baseUrl'>): BadRequest[] => [
  ...routeRows(sessionId),
  ...bodyRows(sessionId),
  ...protocolRows(),
  ...aroundRows(sessionId),
  ...mediaRows(sessionId),
  ...(token === undefined ? [] : authRows(token)),
  ...(dialect === 'whatsam' ? whatsamRows(sessionId, token) : []),
];

/** @returns what is wrong with the answer; empty when it is as it must be */
export const checkBadRequest = async ({ baseUrl, token }: Omit<Target, 'sessionId'>, row: BadRequest): Promise<string[]> => {
  const answer = await sendRaw(baseUrl, Buffer.isBuffer(row.request) ? row.request : requestBytes(withToken(row.request, token)));
  const { status, retryable } = ERRORS[row.code];
  const problems: string[] = [];
  const expect = (what: string, actual: unknown, expected: unknown): void => {
    if (actual !== expected) problems.push(`${what} is ${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  };
  expect('status', answer.status, status);
  expect('content-type', answer.headers['content-type'], 'application/json; charset=utf-8');
  expect('nosniff', answer.headers['x-content-type-options'], 'nosniff');
  expect('x-powered-by', answer.headers['x-powered-by'], undefined);
  if (status === 405) expect('Allow given', answer.headers['allow'] !== undefined, true);
  if (status === 401) expect('WWW-Authenticate given', answer.headers['www-authenticate']?.startsWith('Bearer'), true);
  const body = parseObject(answer.body);
  expect('success', body['success'], false);
  expect('code', body['code'], row.code);
  expect('retryable', body['retryable'], retryable);
  expect('requestId', body['requestId'], answer.headers['x-request-id']);
  expect('a sentence in error', typeof body['error'] === 'string' && /^[A-Z].*\.$/s.test(body['error']), true);
  expect('a stack in the body', answer.body.includes('    at '), false);
  return problems;
};

const withToken = ({ anonymous, ...parts }: RequestParts & { anonymous?: true }, token: string | undefined): RequestParts =>
  anonymous || token === undefined ? parts : { ...parts, headers: { Authorization: `Bearer ${token}`, ...parts.headers } };

const parseObject = (text: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? { ...value } : {};
  } catch {
    return {};
  }
};
