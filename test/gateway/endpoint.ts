import { isUtf8 } from 'node:buffer';
import express, { type ErrorRequestHandler, type Express, type Request, type RequestHandler, type Response } from 'express';
import { z } from 'zod';
import type { Access } from './access.js';
import { GatewayError } from './gateway-error.js';
import type { RequestStatistics } from './request-statistics.js';

export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
  readonly headers?: Record<string, string>;
}

/** One row of a route table. */
export interface Endpoint {
  /** Its name in the statistics. */
  readonly kind: string;
  readonly method: 'get' | 'post' | 'put' | 'delete';
  readonly path: string;
  /** Who may ask: a worker by the workers' token, a user by an access token, or anybody. */
  readonly access: 'worker' | 'user' | 'anybody';
  readonly bodyLimitBytes?: number;
  /** @param userId who asks; empty unless `access` is `user` */
  readonly handle: (request: Request, userId: string) => Answer | Promise<Answer>;
}

export interface Surroundings {
  readonly access: Access;
  readonly statistics: RequestStatistics;
  /** Awaited before an answer to anything but a GET goes out, refusals included, so that what was answered survives a kill. */
  readonly settled: () => Promise<void>;
  readonly log: (line: string) => void;
}

const BODY_LIMIT_BYTES = 1024 * 1024;

/** `{success: true, data}`, with a `message` where one is given. */
export const ok = (data: Record<string, unknown>, message?: string, status = 200): Answer => ({
  status,
  body: { success: true, ...(message !== undefined && { message }), data },
});

/** @throws INVALID_REQUEST that names every problem */
export const parse = <S extends z.ZodType>(schema: S, value: unknown): z.output<S> => {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issues = result.error.issues.map(({ path, message }) => ({ path: path.join('.'), message }));
  const sentences = issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  throw new GatewayError('INVALID_REQUEST', `The request is not valid: ${sentences.join('; ')}.`, { details: { issues } });
};

/** Mounts the tables in their order; a known path under another method is 405, an unknown one 404. */
export const mount = (app: Express, endpoints: readonly Endpoint[], surroundings: Surroundings): void => {
  for (const endpoint of endpoints) app[endpoint.method](endpoint.path, ...handlersOf(endpoint, surroundings));
  for (const [path, methods] of methodsByPath(endpoints)) {
    app.all(path, (_request, response) => {
      response.setHeader('Allow', methods.join(', '));
      throw new GatewayError('METHOD_NOT_ALLOWED', `This path answers only ${methods.join(', ')}.`);
    });
  }
  app.use(() => {
    throw new GatewayError('NOT_FOUND', 'There is nothing at this path.');
  });
  app.use(refuse(surroundings));
};

const handlersOf = (endpoint: Endpoint, { access, settled, statistics }: Surroundings): RequestHandler[] => {
  const { kind, method, bodyLimitBytes = BODY_LIMIT_BYTES, handle } = endpoint;
  let userOf: (request: Request) => Promise<string> = async () => Promise.resolve('');
  if (endpoint.access === 'user') userOf = async (request) => access.admitUser(request);
  const admit: RequestHandler = async (request, response, next) => {
    response.once('finish', () => {
      statistics.count(kind, response.statusCode);
    });
    if (endpoint.access === 'worker') access.admitWorker(request);
    response.locals['userId'] = await userOf(request);
    next();
  };
  // A refusal may have left something behind as well, such as the report that was refused.
  const kept = async (work: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await work();
    } finally {
      if (method !== 'get') await settled();
    }
  };
  const answer: RequestHandler = async (request, response) => {
    const userId: unknown = response.locals['userId'];
    const { status, body, headers = {} } = await kept(async () => handle(request, String(userId)));
    response.status(status).set(headers).json(body);
  };
  return [admit, ...(method === 'get' ? [] : jsonBody(bodyLimitBytes)), answer];
};

const jsonBody = (limit: number): RequestHandler[] => [
  (request, _response, next) => {
    const length = Number(request.get('content-length') ?? 0);
    const hasBody = length > 0 || request.get('transfer-encoding') !== undefined;
    if (hasBody && request.is(['json', '+json']) === false) {
      throw new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json.');
    }
    // Said before reading: the parser would swallow the whole body first.
    if (length > limit) throw tooLarge();
    next();
  },
  express.json({
    limit,
    type: ['json', '+json'],
    verify: (_request, _response, body) => {
      if (!isUtf8(body)) throw new GatewayError('INVALID_REQUEST', 'The request body is not valid UTF-8.');
    },
  }),
];

const methodsByPath = (endpoints: readonly Endpoint[]): Map<string, string[]> => {
  const methods = new Map<string, string[]>();
  for (const { method, path } of endpoints) methods.set(path, [...(methods.get(path) ?? []), method.toUpperCase()]);
  return methods;
};

const refuse =
  ({ log }: Pick<Surroundings, 'log'>): ErrorRequestHandler =>
  // Four parameters are what marks an error handler.
  (thrown: unknown, request, response: Response, _next) => {
    const error = toGatewayError(thrown);
    if (error.code === 'INTERNAL') log(`${request.method} ${request.path} failed: ${causeOf(error)}`);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    response.status(error.status).set(error.headers).json(error.body);
  };

const FromFramework = z.object({ status: z.number().int().min(400).max(499) });

const toGatewayError = (thrown: unknown): GatewayError => {
  if (thrown instanceof GatewayError) return thrown;
  const { data } = FromFramework.safeParse(thrown);
  switch (data?.status) {
    case undefined:
      return new GatewayError('INTERNAL', 'The gateway failed on this request; its log has the cause.', { cause: thrown });
    case 413:
      return tooLarge();
    case 415:
      return new GatewayError('UNSUPPORTED_MEDIA_TYPE', 'Send the body as application/json in UTF-8.');
    default:
      return new GatewayError('INVALID_REQUEST', 'The request could not be read: its path or JSON body is malformed.');
  }
};

const tooLarge = (): GatewayError => new GatewayError('PAYLOAD_TOO_LARGE', 'The request body is too large.');
const causeOf = (error: Error): string => (error.cause instanceof Error ? (error.cause.stack ?? error.cause.message) : String(error.cause));
