import type { Express, Request, RequestHandler, Response } from 'express';
import { AppError } from '../../shared/errors.js';
import { jsonBody } from './json-body.js';
import { parse, SessionPath } from './schemas.js';

/** One row of a route table. */
export interface Endpoint {
  method: 'get' | 'post' | 'delete';
  path: string;
  handle: (request: Request, response: Response) => void | Promise<void>;
}

/** Mounts a table, then answers 405 for its paths under any other method. */
export const mount = (app: Express, endpoints: readonly Endpoint[]): void => {
  for (const { method, path, handle } of endpoints) {
    // As a promise, because express takes a thrown `undefined` or `null` for "go on".
    const answer: RequestHandler = async (request, response) => handle(request, response);
    app[method](path, ...(method === 'post' ? jsonBody : []), answer);
  }
  // After all endpoints, because one path can match two rows: `/session/create` is also the session called "create".
  for (const [path, methods] of methodsByPath(endpoints)) app.all(path, allow(methods));
  app.use((_request, response, next) => {
    const allowed = response.getHeader('Allow');
    if (allowed === undefined) next();
    else throw new AppError('METHOD_NOT_ALLOWED', `This path answers only ${String(allowed)}.`);
  });
};

/** The session a path is about. @throws INVALID_REQUEST */
export const sessionIdOf = (request: Request): string => parse(SessionPath, request.params).id;

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
