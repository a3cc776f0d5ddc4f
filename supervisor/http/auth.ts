import { createHash, timingSafeEqual } from 'node:crypto';
import type { RequestHandler } from 'express';
import { AppError } from '../../shared/errors.js';
import type { Config } from '../config.js';

const BEARER = /^Bearer +(\S+) *$/i;
const LOOPBACK_HOST = /^(localhost|[\w.-]+\.localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?$/i;

/** The guard of everything but the health checks. */
export const guard = ({ apiAccess, authToken }: Pick<Config, 'apiAccess' | 'authToken'>): RequestHandler => {
  if (apiAccess === 'token' && authToken !== undefined) return requireToken(authToken);
  return refuseBrowsers(apiAccess === 'loopback');
};

const requireToken = (token: string): RequestHandler => {
  const expected = digest(token);
  return (request, response, next) => {
    const header = request.get('authorization');
    const given = BEARER.exec(header ?? '')?.[1];
    // Digests have one length, so the comparison takes the same time for every wrong token.
    if (given !== undefined && timingSafeEqual(digest(given), expected)) {
      next();
      return;
    }
    response.setHeader('WWW-Authenticate', given === undefined ? 'Bearer realm="worker"' : 'Bearer realm="worker", error="invalid_token"');
    throw new AppError(
      'UNAUTHORIZED',
      given === undefined ? 'Send the worker token as Authorization: Bearer <token>.' : 'The bearer token is not the token of this worker.',
    );
  };
};

/**
 * An API without a token must still not answer a web page that somebody on this machine happens to open: pages can post across origins,
 * and can point a name of theirs at 127.0.0.1.
 */
const refuseBrowsers =
  (loopbackOnly: boolean): RequestHandler =>
  (request, response, next) => {
    const host = request.get('host') ?? '';
    const origin = request.get('origin');
    const foreignPage = origin !== undefined && (!URL.canParse(origin) || new URL(origin).host !== host.toLowerCase());
    if (foreignPage || (loopbackOnly && host !== '' && !LOOPBACK_HOST.test(host))) {
      response.setHeader('WWW-Authenticate', 'Bearer realm="worker"');
      throw new AppError(
        'UNAUTHORIZED',
        'Without a token this API answers only local programs; set WORKER_AUTH_TOKEN to use it from elsewhere.',
      );
    }
    next();
  };

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
