// A small backend in memory that keeps the guide's contract, but for the defect it is told to have.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type RequestHandler, type Response } from 'express';

export type BackendDefect =
  | 'a dead endpoint tests as online'
  | 'a restarted worker is a conflict'
  | 'admin routes are open'
  | 'added workers are not listed'
  | 'any bearer is an admin'
  | 'breakdown is not repeated'
  | 'error reports are refused'
  | 'health check has no results'
  | 'heartbeat of an unknown worker succeeds'
  | 'login gives no JWT'
  | 'monitoring has no status'
  | 'registration without endpoint succeeds'
  | 'removed workers stay'
  | 'statistics is taken for a worker id'
  | 'the summary counts wrong'
  | 'unknown statuses are taken'
  | 'worker is asked without token'
  | 'worker token is not checked'
  | 'no user side';

export interface FakeBackendOptions {
  token: string;
  admin: { email: string; password: string };
  defect?: BackendDefect | undefined;
}

interface Worker {
  workerId: string;
  endpoint: string;
}

const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJl';
const API = '/api/v1';
const STATUSES = ['disconnected', 'qr_required', 'connected', 'reconnecting', 'error'];

export class FakeBackend {
  readonly workers = new Map<string, Worker>();
  readonly sessions = new Map<string, Worker>();
  readonly #options: FakeBackendOptions;
  readonly #server: Server;
  #added = 0;

  private constructor(options: FakeBackendOptions, server: Server) {
    this.#options = options;
    this.#server = server;
  }

  static async start(options: FakeBackendOptions): Promise<FakeBackend> {
    const app = express();
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const backend = new FakeBackend(options, server);
    app.use(express.json());
    backend.#routeWorkers(app);
    backend.#routeAdmins(app);
    if (!backend.#has('no user side')) backend.#routeUsers(app);
    app.use((_request, response) => fail(response, 404, 'Nothing here'));
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #has(defect: BackendDefect): boolean {
    return this.#options.defect === defect;
  }

  readonly #asWorker: RequestHandler = (request, response, next) => {
    const right = request.get('authorization') === `Bearer ${this.#options.token}`;
    if (right || this.#has('worker token is not checked')) next();
    else fail(response, 401, 'Wrong worker token');
  };

  readonly #asAdmin: RequestHandler = (request, response, next) => {
    const given = request.get('authorization');
    const right = given === `Bearer ${JWT}` || (given !== undefined && this.#has('any bearer is an admin'));
    if (right || this.#has('admin routes are open')) next();
    else fail(response, 401, 'Wrong JWT');
  };

  #routeWorkers(app: Express): void {
    app.post(`${API}/workers/register`, this.#asWorker, (request, response) => {
      const { workerId, endpoint } = bodyOf(request);
      if (typeof workerId !== 'string' || (typeof endpoint !== 'string' && !this.#has('registration without endpoint succeeds')))
        return fail(response, 400, 'workerId or endpoint is missing');
      if (this.workers.has(workerId) && this.#has('a restarted worker is a conflict')) return fail(response, 409, 'Registered already');
      this.workers.set(workerId, { workerId, endpoint: String(endpoint) });
      response.status(201).json({ success: true, data: { workerId, status: 'ONLINE' } });
    });
    app.put(`${API}/workers/:workerId/heartbeat`, this.#asWorker, (request, response) => {
      const { workerId } = request.params as { workerId: string };
      if (!this.workers.has(workerId) && !this.#has('heartbeat of an unknown worker succeeds'))
        return fail(response, 404, 'No such worker');
      const { metrics } = bodyOf(request) as { metrics?: { sessions?: Record<string, number> } };
      const sessions = metrics?.sessions ?? {};
      const data = {
        workerId,
        status: 'ONLINE',
        sessionCount: sessions['total'] ?? 0,
        sessionBreakdown: this.#has('breakdown is not repeated') ? { total: 0 } : sessions,
        lastHeartbeat: new Date().toISOString(),
      };
      response.json({ success: true, message: 'Heartbeat updated successfully', data });
    });
    app.post('/api/webhooks/session-status', this.#asWorker, (request, response) => {
      const { sessionId, status } = bodyOf(request);
      const known = STATUSES.includes(String(status)) || this.#has('unknown statuses are taken');
      if (typeof sessionId !== 'string' || !known || (status === 'error' && this.#has('error reports are refused')))
        return fail(response, 400, 'The report is not valid');
      response.json({ success: true });
    });
  }

  #routeAdmins(app: Express): void {
    app.post(`${API}/auth/login`, (request, response) => {
      const { email, password } = bodyOf(request);
      const { admin } = this.#options;
      if (email !== admin.email || password !== admin.password) return fail(response, 401, 'Wrong login');
      response.json({ success: true, data: { user: { email }, token: this.#has('login gives no JWT') ? 'none' : JWT } });
    });
    const route = (
      method: 'get' | 'post' | 'delete',
      path: string,
      handle: (request: Request, response: Response) => void | Promise<void>,
    ): void => {
      app[method](`${API}/workers${path}`, this.#asAdmin, handle);
    };
    const remove = (request: Request, response: Response): void => {
      const { workerId } = request.params as { workerId: string };
      if (!this.workers.has(workerId)) return fail(response, 404, 'No such worker');
      if (!this.#has('removed workers stay')) this.workers.delete(workerId);
      ok(response, { workerId });
    };
    route('get', '', (_request, response) => ok(response, { workers: [...this.workers.values()] }));
    route('post', '', (request, response) => {
      const { endpoint } = bodyOf(request);
      if (typeof endpoint !== 'string') return fail(response, 400, 'endpoint is missing');
      const worker = { workerId: `added-${(this.#added += 1)}`, endpoint };
      if (!this.#has('added workers are not listed')) this.workers.set(worker.workerId, worker);
      ok(response, worker);
    });
    if (this.#has('statistics is taken for a worker id'))
      route('get', '/:workerId', (_request, response) => fail(response, 404, 'No such worker'));
    route('get', '/statistics', (_request, response) => ok(response, { totalWorkers: this.workers.size }));
    route('post', '/test', async (request, response) => {
      const endpoint = String(bodyOf(request)['endpoint']);
      const online = (await this.#answers(endpoint)) || this.#has('a dead endpoint tests as online');
      if (online) ok(response, { endpoint, status: 'online', responseTime: 3, message: 'Worker is healthy and responding' });
      else ok(response, { endpoint, status: 'offline', message: 'No answer' });
    });
    route('post', '/health-check', async (_request, response) => {
      const checkedAt = new Date().toISOString();
      const results = await Promise.all(
        [...this.workers.values()].map(async (worker) =>
          (await this.#answers(worker.endpoint))
            ? { ...worker, status: 'online', responseTime: 3, checkedAt }
            : { ...worker, status: 'offline', error: 'No answer', checkedAt },
        ),
      );
      const onlineWorkers = results.filter(({ status }) => status === 'online').length + (this.#has('the summary counts wrong') ? 1 : 0);
      const summary = {
        totalWorkers: results.length,
        onlineWorkers,
        offlineWorkers: results.length - onlineWorkers,
        averageResponseTime: 3,
      };
      ok(response, { summary, ...(!this.#has('health check has no results') && { results }) });
    });
    if (!this.#has('monitoring has no status')) route('get', '/health/status', (_request, response) => ok(response, { running: true }));
    for (const path of ['/health/start', '/health/stop']) route('post', path, (_request, response) => ok(response, {}));
    route('get', '/health/status', (_request, response) => fail(response, 404, 'Nothing here'));
    route('delete', '/:workerId', remove);
  }

  #routeUsers(app: Express): void {
    app.post(`${API}/sessions`, this.#asAdmin, (_request, response) => {
      const [worker] = this.workers.values();
      if (!worker) return fail(response, 503, 'No worker');
      const sessionId = `session-${this.sessions.size + 1}`;
      this.sessions.set(sessionId, worker);
      ok(response, { sessionId, status: 'disconnected' });
    });
    app.post(`${API}/sessions/:id/connect`, this.#asAdmin, async (request, response) => {
      const { id } = request.params as { id: string };
      const authorization = this.#has('worker is asked without token') ? '' : `Bearer ${this.#options.token}`;
      const answer = await fetch(`${this.sessions.get(id)?.endpoint}/session/${id}/connect`, {
        method: 'POST',
        headers: { authorization },
      });
      response.status(answer.status).json(await answer.json());
    });
    app.delete(`${API}/sessions/:id`, this.#asAdmin, (request, response) => {
      this.sessions.delete((request.params as { id: string }).id);
      ok(response, {});
    });
  }

  async #answers(endpoint: string): Promise<boolean> {
    try {
      return (await fetch(`${endpoint}/health`)).ok;
    } catch {
      return false;
    }
  }
}

const bodyOf = (request: Request): Record<string, unknown> => (request.body ?? {}) as Record<string, unknown>;

const ok = (response: Response, data: Record<string, unknown>): void => {
  response.json({ success: true, data });
};

const fail = (response: Response, status: number, error: string): void => {
  response.status(status).json({ success: false, error });
};
