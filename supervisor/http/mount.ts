import type { Express, RequestHandler } from 'express';
import { AppError } from '../../shared/errors.js';
import type { Endpoint, Method } from './endpoint.js';
import { jsonBody } from './json-body.js';

const WITH_BODY: ReadonlySet<Method> = new Set<Method>(['post', 'put', 'patch']);

/** Mounts a table, then answers 405 for its paths under any other method. */
export const mount = (app: Express, endpoints: readonly Endpoint[]): void => {
  for (const { method, path, readers = jsonBody, answer } of endpoints) {
    app[method](path, ...(WITH_BODY.has(method) ? readers : []), async (request, response) => answer({ request, response }));
  }
  // After all endpoints, because one path can match two rows: `/session/create` is also the session called "create".
  // By a route of its own: `app.all` makes one for each of the 35 methods that Node.js knows.
  for (const [path, methods] of methodsByPath(endpoints)) app.route(path).all(allow(methods));
  app.use((_request, response, next) => {
    const allowed = response.getHeader('Allow');
    if (allowed === undefined) next();
    else throw new AppError('METHOD_NOT_ALLOWED', `This path answers only ${String(allowed)}.`);
  });
};

const methodsByPath = (endpoints: readonly Endpoint[]): Map<string, string[]> => {
  const paths = new Map<string, string[]>();
  for (const { method, path } of endpoints) {
    const methods = method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()];
    paths.set(path, [...(paths.get(path) ?? []), ...methods]);
  }
  return paths;
};

const allow =
  (methods: readonly string[]): RequestHandler =>
  (_request, response, next) => {
    const before = response.getHeader('Allow');
    response.setHeader('Allow', [...(before === undefined ? [] : [String(before)]), ...methods].join(', '));
    next();
  };
