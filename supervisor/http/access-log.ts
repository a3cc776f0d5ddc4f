import type { Request, RequestHandler } from 'express';
import type { Logger } from '../../shared/logging.js';
import { requestIdOf } from './request-id.js';

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

/** One line per request, with the route's pattern and never its body, query or headers: info for what changes something, else debug. */
export const accessLog =
  (log: Logger): RequestHandler =>
  (request, response, next) => {
    const startedAt = performance.now();
    response.once('close', () => {
      log[READING.has(request.method) ? 'debug' : 'info'](
        {
          requestId: requestIdOf(response),
          method: request.method,
          route: routeOf(request),
          ...sessionOf(request),
          status: response.statusCode,
          ms: Math.round(performance.now() - startedAt),
          ...(!response.writableFinished && { aborted: true }),
        },
        'request',
      );
    });
    next();
  };

const routeOf = (request: Request): string | undefined => {
  const route: unknown = request.route;
  return typeof route === 'object' && route !== null && 'path' in route && typeof route.path === 'string' ? route.path : undefined;
};

/** Only a plausible id: a wrong one is whatever somebody typed. */
const sessionOf = (request: Request): { sessionId?: string } => {
  const id = request.params['id'];
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,100}$/.test(id) ? { sessionId: id } : {};
};
