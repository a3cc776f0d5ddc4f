import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import express from 'express';
import { z } from 'zod';
import { Access, type Admin } from './access.js';
import type { Dialect } from './dialects/dialect.js';
import { GUIDE } from './dialects/guide.js';
import { WHATSAM } from './dialects/whatsam.js';
import { mount, ok, parse, type Endpoint } from './endpoint.js';
import { GatewaySessions } from './gateway-sessions.js';
import type { GatewayState } from './gateway-state.js';
import { GatewayStore } from './gateway-store.js';
import { HealthMonitor } from './health-monitor.js';
import { RequestStatistics } from './request-statistics.js';
import { registrationEndpoints } from './routes/registration.js';
import { reportEndpoints, sessionEndpoints } from './routes/sessions.js';
import { webhookEndpoints } from './routes/webhooks.js';
import { workerEndpoints } from './routes/workers.js';
import { SessionPlacement } from './session-placement.js';
import { SessionReports } from './session-reports.js';
import { WorkerClient } from './worker-client.js';
import { WorkerRegistry } from './worker-registry.js';

export interface GatewayOptions {
  /** 0, the default, is a free one. */
  readonly port?: number;
  readonly host?: '127.0.0.1';
  /** Keep everything in this file and start from what it holds. */
  readonly stateFile?: string;
  readonly dialect?: 'guide' | 'whatsam';
  /** The shared token: workers show it to the gateway, the gateway shows it to workers. */
  readonly workerToken: string;
  readonly admin?: Admin;
  /** A worker that is silent for so long is OFFLINE; 2 minutes unless given. */
  readonly staleMs?: number;
  /** Pause between health checks; given, they run from the start, else only once an admin starts them (every 30 s). */
  readonly healthIntervalMs?: number;
  readonly log?: (line: string) => void;
  /** The clock, Unix milliseconds. */
  readonly now?: () => number;
}

export interface Gateway {
  readonly url: string;
  readonly port: number;
  /** For tests to look at. */
  readonly state: GatewayState;
  /** Ends open requests, saves a last time and stops listening. */
  stop(): Promise<void>;
}

export const DEFAULT_ADMIN: Admin = { email: 'admin@gateway.test', password: 'gateway-admin' };

const STALE_MS = 120_000;
const HEALTH_INTERVAL_MS = 30_000;
const SWEEP_MAX_MS = 5_000;
const LOGIN_LIMIT = 320;
const Login = z.object({ email: z.string().min(1).max(LOGIN_LIMIT), password: z.string().min(1).max(LOGIN_LIMIT) });

/** Starts a gateway in this process. Rejects with a sentence when the port is taken or the state file is damaged. */
export const startGateway = async (options: GatewayOptions): Promise<Gateway> => {
  const {
    port = 0,
    host = '127.0.0.1',
    workerToken,
    staleMs = STALE_MS,
    healthIntervalMs,
    log = () => undefined,
    now = Date.now,
  } = options;
  const dialect = options.dialect === 'whatsam' ? WHATSAM : GUIDE;
  const store = await GatewayStore.open(options.stateFile, (error) => {
    log(`the state could not be saved: ${String(error)}`);
  });
  const client = new WorkerClient(workerToken, dialect.retry);
  const registry = new WorkerRegistry(store, dialect, staleMs, now);
  const monitor = new HealthMonitor(store, registry, client, healthIntervalMs ?? HEALTH_INTERVAL_MS, now);
  const placement = new SessionPlacement(store, registry, client);
  const sessions = new GatewaySessions({ store, registry, placement, client, dialect, now });
  const reports = new SessionReports({ store, registry, dialect, now });
  const access = new Access(workerToken, options.admin ?? DEFAULT_ADMIN, store.secret, now);
  const statistics = new RequestStatistics(now());

  const app = express().disable('x-powered-by').disable('etag').enable('case sensitive routing');
  // Whoever asks is answered by the present state, not by that of the last sweep.
  app.use((_request, _response, next) => {
    registry.sweep();
    next();
  });
  const endpoints = [
    ...openEndpoints(access, dialect, now),
    ...registrationEndpoints({ store, registry, monitor, dialect, now }),
    ...webhookEndpoints(reports, dialect, now),
    ...workerEndpoints({ store, registry, monitor, dialect }),
    ...sessionEndpoints(sessions, store, dialect),
    ...reportEndpoints(store, statistics, dialect),
  ];
  mount(app, endpoints, { access, statistics, settled: async () => store.settled(), log });

  const server = createServer(app);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
  const sweep = setInterval(
    () => {
      const gone = registry.sweep();
      if (gone > 0) log(`${gone} silent ${gone === 1 ? 'worker is' : 'workers are'} offline now`);
    },
    Math.min(SWEEP_MAX_MS, Math.max(10, staleMs / 4)),
  );
  if (healthIntervalMs !== undefined) monitor.start();
  const { port: listening } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${listening}`,
    port: listening,
    state: store,
    stop: async () => {
      clearInterval(sweep);
      monitor.stop();
      client.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
      store.changed();
      await store.settled();
    },
  };
};

/** What anybody may ask. */
const openEndpoints = (access: Access, dialect: Dialect, now: () => number): Endpoint[] => [
  {
    kind: 'health',
    method: 'get',
    path: '/health',
    access: 'anybody',
    handle: () => ok({ status: 'online', dialect: dialect.name }),
  },
  {
    kind: 'login',
    method: 'post',
    path: `${dialect.api}/auth/login`,
    access: 'anybody',
    handle: async ({ body }) => {
      const { email, password } = parse(Login, body ?? {});
      const at = now();
      const { token, expiresAt, userId } = await access.login({ email, password });
      const user = { userId, email, role: 'ADMIN' };
      const lifetime = { expiresIn: Math.round((expiresAt - at) / 1000), expiresAt: new Date(expiresAt).toISOString() };
      return ok({ token, tokenType: 'Bearer', ...lifetime, user }, 'Login successful');
    },
  },
];
