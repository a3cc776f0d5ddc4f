// A gateway in this process, a client for its API, and workers that are small real servers.
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_ADMIN, startGateway, type Gateway, type GatewayOptions } from '../../gateway/start-gateway.js';

export const WORKER_TOKEN = 'worker-token-of-the-tests';
const BREAKDOWN = { total: 0, connected: 0, disconnected: 0, qr_required: 0, reconnecting: 0, error: 0, maxSessions: 50 };

export interface Answer {
  status: number;
  headers: Headers;
  body: Record<string, unknown> & { data?: Record<string, unknown> };
}

export interface Call {
  method: string;
  path: string;
  body: unknown;
  headers: IncomingMessage['headers'];
}

/** How a worker answers: a status with a body, or undefined for `{success: true, data: {}}`. */
export type Behaviour = (
  call: Call,
) => { status: number; body: unknown } | undefined | Promise<{ status: number; body: unknown } | undefined>;

/** A worker's server: it notes what it is asked and answers as told; `GET /health` is well unless told otherwise. */
export class StandInWorker {
  readonly calls: Call[] = [];
  readonly endpoint: string;
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
    this.endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static async start(behaviour: Behaviour = () => undefined): Promise<StandInWorker> {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const worker = new StandInWorker(server);
    server.on('request', (request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        const text = Buffer.concat(chunks).toString();
        const { method = '', url = '', headers } = request;
        const call = { method, path: url, body: text === '' ? undefined : (JSON.parse(text) as unknown), headers };
        worker.calls.push(call);
        void Promise.resolve(behaviour(call)).then((told) => {
          const { status, body } = told ?? { status: 200, body: { success: true, data: url === '/health' ? HEALTH : {} } };
          response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
        });
      });
    });
    return worker;
  }

  /** What it was asked, without the health checks: `POST /session/create`. */
  get asked(): string[] {
    return this.calls.filter(({ path }) => path !== '/health').map(({ method, path }) => `${method} ${path}`);
  }

  async stop(): Promise<void> {
    if (!this.#server.listening) return;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }
}

const HEALTH = { status: 'online', sessionCount: 3, cpuUsage: 10, memoryUsage: 20, uptime: 60, maxSessions: 50 };

/** A gateway with its clients; `close` ends everything. */
export class GatewayFixture {
  gateway: Gateway;
  readonly folder: string;
  readonly #options: GatewayOptions;
  readonly #workers: StandInWorker[] = [];
  #token = '';

  private constructor(gateway: Gateway, folder: string, options: GatewayOptions) {
    this.gateway = gateway;
    this.folder = folder;
    this.#options = options;
  }

  static async open(options: Partial<GatewayOptions> = {}): Promise<GatewayFixture> {
    const folder = await mkdtemp(join(tmpdir(), 'gateway-'));
    const all = { workerToken: WORKER_TOKEN, stateFile: join(folder, 'state.json'), ...options };
    const fixture = new GatewayFixture(await startGateway(all), folder, all);
    await fixture.login();
    return fixture;
  }

  /** Stops the gateway and starts one from the same file. */
  async restart(): Promise<void> {
    await this.gateway.stop();
    this.gateway = await startGateway(this.#options);
  }

  get api(): string {
    return this.#options.dialect === 'whatsam' ? '/api' : '/api/v1';
  }

  async login(): Promise<void> {
    const { body } = await this.request('POST', `${this.api}/auth/login`, DEFAULT_ADMIN);
    this.#token = String(body.data?.['token']);
  }

  /** As the admin. */
  async admin(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    return this.request(method, this.api + path, body, { authorization: `Bearer ${this.#token}`, ...headers });
  }

  /** As a worker, on a path behind the API's prefix. */
  async worker(method: string, path: string, body?: unknown): Promise<Answer> {
    return this.request(method, this.api + path, body, { authorization: `Bearer ${WORKER_TOKEN}` });
  }

  async report(body: unknown): Promise<Answer> {
    return this.request('POST', '/api/webhooks/session-status', body, { authorization: `Bearer ${WORKER_TOKEN}` });
  }

  async request(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<Answer> {
    const response = await fetch(this.gateway.url + path, {
      method,
      headers: { ...(body !== undefined && { 'content-type': 'application/json' }), ...headers },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  }

  /** A worker's server, registered under an id. */
  async addWorker(workerId: string, behaviour?: Behaviour): Promise<StandInWorker> {
    const worker = await StandInWorker.start(behaviour);
    this.#workers.push(worker);
    const { status } = await this.worker('POST', '/workers/register', registrationOf(workerId, worker.endpoint));
    if (status >= 300) throw new Error(`the registration of ${workerId} was answered with ${status}`);
    return worker;
  }

  /** A heartbeat in the guide's form with these sessions. */
  async beat(workerId: string, sessions: Partial<typeof BREAKDOWN> = {}, figures: Record<string, number> = {}): Promise<Answer> {
    return this.worker('PUT', `/workers/${workerId}/heartbeat`, heartbeatOf(sessions, figures));
  }

  async close(): Promise<void> {
    await this.gateway.stop();
    await Promise.all(this.#workers.map(async (worker) => worker.stop()));
    await rm(this.folder, { recursive: true, force: true });
  }
}

export const registrationOf = (workerId: string, endpoint: string) => ({
  ...{ workerId, endpoint },
  maxSessions: 50,
  description: 'Primary worker instance',
  version: '1.0.0',
  environment: 'PRODUCTION',
});

export const heartbeatOf = (sessions: Partial<typeof BREAKDOWN> = {}, figures: Record<string, number> = {}) => ({
  status: 'online',
  metrics: { sessions: { ...BREAKDOWN, ...sessions }, cpuUsage: 10, memoryUsage: 20, uptime: 60, messageCount: 5, ...figures },
});
