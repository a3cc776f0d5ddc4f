import { setMaxListeners } from 'node:events';
import { createServer as createHttpServer, type ServerResponse } from 'node:http';
import { Server as NetServer } from 'node:net';
import express, { type Express, type RequestHandler } from 'express';
import { AppError } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Config } from '../config.js';
import type { InheritedSocket } from '../service-manager/inherited-socket.js';
import type { Worker } from '../worker.js';
import { accessLog } from './access-log.js';
import { boundArrival } from './arrival.js';
import { guard } from './auth.js';
import { bornForExpress } from './born-for-express.js';
import { answerBrokenRequests } from './client-error.js';
import type { Endpoint } from './endpoint.js';
import { errorHandler } from './error-handler.js';
import { mount } from './mount.js';
import { invalidRequest } from './parse.js';
import { requestId } from './request-id.js';
import { allEndpoints, type EndpointsConfig } from './routes/all.js';

/** What a client may take of the server. */
export interface Limits {
  readonly headersTimeoutMs: number;
  /** For a whole request with its body to arrive. */
  readonly requestTimeoutMs: number;
  /** The same for one that brings a file. */
  readonly fileTimeoutMs: number;
  readonly keepAliveTimeoutMs: number;
  /** How often the two arrival limits are checked. */
  readonly checkIntervalMs: number;
  readonly connections: number;
  /** How long an idle connection may bring one more request while the socket is handed over. */
  readonly lingerMs: number;
}

export const LIMITS: Limits = {
  headersTimeoutMs: 10_000,
  requestTimeoutMs: 30_000,
  fileTimeoutMs: 3_600_000,
  // Longer than the idle time of common proxies, so that they close first and never meet a closed connection.
  keepAliveTimeoutMs: 65_000,
  checkIntervalMs: 5_000,
  connections: 4_096,
  lingerMs: 1_000,
};

/** Of connections that wait for the next worker on a socket that outlives this one; the kernel may allow less. */
const INHERITED_BACKLOG = 4_096;

export type HttpConfig = Pick<Config, 'host' | 'port' | 'authToken' | 'sendDeadlineMs'> & {
  readonly media: Pick<Config['media'], 'fetchTimeoutMs'>;
} & EndpointsConfig;

export interface HttpServer {
  readonly app: Express;
  /** All that it answers. */
  readonly endpoints: readonly Endpoint[];
  /** @returns the address it listens on; rejects when that is taken or not allowed. */
  listen(inherited?: InheritedSocket): Promise<{ host: string; port: number }>;
  /**
   * On an inherited socket: accepts nothing any more, so that new connections wait for the next worker, and ends those it has with
   * their next answer. Resolves when they are gone, or after `graceMs`. On a socket of its own it does nothing.
   */
  handOver(graceMs: number): Promise<void>;
  /** Takes no new connection, lets running requests finish for `graceMs`, then cuts what is left. */
  close(graceMs: number): Promise<void>;
}

export const createServer = (worker: Worker, config: HttpConfig, log: Logger, limits: Limits = LIMITS): HttpServer => {
  let closing = false;
  const running = new Set<ServerResponse>();
  const streams = new AbortController();
  setMaxListeners(limits.connections, streams.signal);
  const onRequest = (response: ServerResponse): void => {
    running.add(response);
    response.once('close', () => running.delete(response));
    if (closing) endConnectionAfter(response);
  };
  const endpoints = allEndpoints(worker, config, log, streams.signal);
  const arrival = boundArrival(limits.requestTimeoutMs, (socket) => {
    // As Node says it of its own limit.
    server.emit('clientError', Object.assign(new Error('the request is late'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
  });
  const app = createApp(endpoints, config, log, onRequest, arrival);
  const server = createHttpServer(
    {
      headersTimeout: limits.headersTimeoutMs,
      requestTimeout: limits.fileTimeoutMs,
      connectionsCheckingInterval: limits.checkIntervalMs,
      // Checked below instead, to answer with the envelope.
      requireHostHeader: false,
      ...bornForExpress(app),
    },
    app,
  );
  server.keepAliveTimeout = limits.keepAliveTimeoutMs;
  server.maxConnections = limits.connections;
  // Ends a client that stopped reading; above the longest time an endpoint may take to answer: a send whose file is fetched first.
  server.timeout = config.media.fetchTimeoutMs + config.sendDeadlineMs + 30_000;
  // With `Expect`, the body is asked for only after token and headers were found good.
  server.on('checkContinue', app);
  server.on('checkExpectation', app);
  answerBrokenRequests(server);

  let isInherited = false;
  let drained = Promise.resolve();
  const endAfterAnswers = (): void => {
    closing = true;
    // They have no last answer of their own.
    streams.abort();
    for (const response of running) endConnectionAfter(response);
  };

  return {
    app,
    endpoints,
    listen: async (inherited) =>
      new Promise((resolve, reject) => {
        isInherited = inherited !== undefined;
        server.once('error', reject);
        const listening = (): void => {
          drained = new Promise((gone) => server.once('close', gone));
          server.off('error', reject);
          server.on('error', (error) => log.error({ err: error }, 'http server error'));
          const address = server.address();
          const port = typeof address === 'object' && address !== null ? address.port : config.port;
          resolve({ host: inherited?.address?.host ?? config.host, port });
        };
        if (inherited) server.listen(inherited.handle, INHERITED_BACKLOG, listening);
        else server.listen(config.port, config.host, listening);
      }),
    handOver: async (graceMs) => {
      if (!isInherited || !server.listening) return;
      endAfterAnswers();
      // Unlike the server's own `close` this leaves idle connections open: a request may be on its way on them.
      NetServer.prototype.close.call(server);
      // One turn later: what came while this process was busy with something else is read first, and makes its connection a busy one.
      const endIdle = (): void => void setImmediate(() => server.closeIdleConnections());
      const linger = setTimeout(endIdle, Math.min(limits.lingerMs, graceMs));
      await within(drained, graceMs);
      clearTimeout(linger);
    },
    close: async (graceMs) => {
      // Idle connections are ended by `server.close`; busy ones would otherwise be kept alive after their answer.
      endAfterAnswers();
      const cut = setTimeout(() => server.closeAllConnections(), graceMs);
      server.close();
      await drained;
      clearTimeout(cut);
    },
  };
};

const createApp = (
  endpoints: readonly Endpoint[],
  config: HttpConfig,
  log: Logger,
  onRequest: (response: ServerResponse) => void,
  arrival: RequestHandler,
): Express => {
  const app = express();
  app.disable('x-powered-by');
  app.disable('etag');
  app.enable('case sensitive routing');
  app.use((_request, response, next) => {
    onRequest(response);
    next();
  });
  app.use(arrival, requestId, baseHeaders, accessLog(log));
  mount(
    app,
    endpoints.filter(({ open }) => open),
  );
  app.use(guard(config), wellFormedTarget);
  mount(
    app,
    endpoints.filter(({ open }) => !open),
  );
  app.use(() => {
    throw new AppError('NOT_FOUND', 'There is nothing at this path.');
  });
  app.use(errorHandler(log));
  return app;
};

/** Resolves with `work`, or after `ms`. */
const within = async (work: Promise<void>, ms: number): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  await Promise.race([work, late]);
  clearTimeout(timer);
};

const endConnectionAfter = (response: ServerResponse): void => {
  if (!response.headersSent) response.setHeader('Connection', 'close');
};

const baseHeaders: RequestHandler = (_request, response, next) => {
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Cache-Control', 'no-store');
  next();
};

const wellFormedTarget: RequestHandler = (request, _response, next) => {
  if (request.get('host') === undefined && request.httpVersion === '1.1') {
    throw invalidRequest([{ path: 'Host', message: 'the Host header is required' }]);
  }
  try {
    decodeURIComponent(request.path);
  } catch {
    throw invalidRequest([{ path: '', message: 'the path has a malformed percent-encoding' }]);
  }
  const repeated = Object.entries(request.query).find(([, value]) => Array.isArray(value));
  if (repeated) throw invalidRequest([{ path: repeated[0], message: `${repeated[0]} is given more than once` }]);
  next();
};
