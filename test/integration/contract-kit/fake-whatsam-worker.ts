// A small worker in memory that speaks the whatsam dialect, but for the defect it is told to have.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import express, { type Express, type Request, type Response } from 'express';

export type WhatsamWorkerDefect =
  | 'a second start is refused'
  | 'answers are not flat'
  | 'empty JSON bodies are refused'
  | 'error is an object'
  | 'heartbeats lack sessions'
  | 'manage is missing at one path'
  | 'phoneNumber is null'
  | 'QR codes are long'
  | 'refused reports come again'
  | 'reports come before the answer'
  | 'reports do not name the worker'
  | 'send by an unconnected session is a 500'
  | 'start says connecting'
  | 'statuses are lower case'
  | 'token is not checked';

interface FakeSession {
  status: string;
}

export interface FakeWhatsamWorkerOptions {
  token: string;
  backendUrl: string;
  heartbeatMs: number;
  defect?: WhatsamWorkerDefect | undefined;
}

const WORKER_ID = 'fake_worker';
const KNOWN_AS = 'fake-worker';
const QR = 'https://wa.me/settings/linked_devices#2@ref,noise,identity,secret,1';
const RETRY_MS = 50;
const EARLY_MS = 500;

export class FakeWhatsamWorker {
  readonly sessions = new Map<string, FakeSession>();
  readonly #options: FakeWhatsamWorkerOptions;
  readonly #server: Server;
  readonly #ended = new AbortController();
  readonly #running = new Set<Promise<void>>();

  private constructor(options: FakeWhatsamWorkerOptions, server: Server) {
    this.#options = options;
    this.#server = server;
  }

  static async start(options: FakeWhatsamWorkerOptions): Promise<FakeWhatsamWorker> {
    const app = express();
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const worker = new FakeWhatsamWorker(options, server);
    worker.#route(app);
    worker.#run(async () => worker.#live());
    return worker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#running);
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #has(defect: WhatsamWorkerDefect): boolean {
    return this.#options.defect === defect;
  }

  #route(app: Express): void {
    app.get('/health', (_request, response) => {
      const data = { status: 'online', sessionCount: this.sessions.size, cpuUsage: 1, memoryUsage: 1, uptime: 7, maxSessions: 50 };
      response.json({ success: true, data });
    });
    app.use((request, response, next) => {
      const right = request.get('authorization') === `Bearer ${this.#options.token}` || this.#has('token is not checked');
      const empty = request.get('content-length') === '0' || request.method === 'DELETE';
      if (!right) this.#fail(response, 401, 'Wrong token');
      else if (empty && this.#has('empty JSON bodies are refused')) this.#fail(response, 400, 'Empty body');
      else next();
    });
    app.use(express.json());
    app.post('/api/sessions/start', async (request, response) => {
      const sessionId = String(bodyOf(request)['sessionId']);
      if (this.sessions.has(sessionId) && this.#has('a second start is refused')) return this.#fail(response, 409, 'It exists');
      const isNew = !this.sessions.has(sessionId);
      this.sessions.set(sessionId, { status: 'QR_REQUIRED' });
      const report = { sessionId, status: 'QR_REQUIRED', qrCode: this.#has('QR codes are long') ? QR.padEnd(2_001, 'x') : QR };
      if (isNew && this.#has('reports come before the answer')) {
        this.#run(async () => this.#report(report));
        await sleep(EARLY_MS);
      }
      const status = this.#has('start says connecting') ? 'connecting' : 'QR_REQUIRED';
      this.#answer(response, { sessionId, status, qrCode: QR });
      if (isNew && !this.#has('reports come before the answer')) this.#run(async () => this.#report(report));
    });
    app.use('/api/sessions/:id', (request, response, next) => {
      if (this.sessions.has(request.params.id)) next();
      else this.#fail(response, 404, 'No such session');
    });
    app.get('/api/sessions/:id/status', (request, response) => {
      const status = this.sessions.get(request.params.id)?.status ?? '';
      this.#answer(response, { status: this.#has('statuses are lower case') ? status.toLowerCase() : status });
    });
    app.post(['/api/sessions/:id/disconnect', '/api/sessions/:id/restart', '/api/sessions/:id/logout'], (_request, response) => {
      this.#answer(response, { status: 'DISCONNECTED' });
    });
    app.delete('/api/sessions/:id', (request, response) => {
      this.sessions.delete(request.params.id);
      response.json({ success: true });
    });
    app.post('/api/:id/send', (request, response) => {
      const session = this.sessions.get(request.params.id);
      if (!session) return this.#fail(response, 404, 'No such session');
      const status = this.#has('send by an unconnected session is a 500') ? 500 : 409;
      if (session.status !== 'CONNECTED') return this.#fail(response, status, 'Not connected');
      this.#answer(response, { messageId: 'msg_1', status: 'SENT' });
    });
    const roots = this.#has('manage is missing at one path') ? ['messages'] : ['message', 'messages'];
    for (const root of roots) {
      app.post(`/api/${root}/:id/manage`, (_request, response) => {
        this.#fail(response, 400, 'Unknown action');
      });
    }
    app.use((_request, response) => {
      this.#fail(response, 404, 'Nothing here');
    });
  }

  #answer(response: Response, data: Record<string, unknown>): void {
    response.json({ success: true, data, ...(!this.#has('answers are not flat') && data) });
  }

  #fail(response: Response, status: number, error: string): void {
    response.status(status).json({ success: false, error: this.#has('error is an object') ? { message: error } : error });
  }

  async #live(): Promise<void> {
    const { heartbeatMs } = this.#options;
    let registered = false;
    while (!this.#ended.signal.aborted) {
      if (!registered) registered = (await this.#call('POST', '/api/workers/register', this.#introduction())) < 300;
      const status: number = registered ? await this.#call('PUT', `/api/workers/${KNOWN_AS}/heartbeat`, this.#heartbeat()) : 599;
      registered = status !== 404 && registered;
      await this.#pause(registered ? heartbeatMs : RETRY_MS);
    }
  }

  #introduction(): Record<string, unknown> {
    return { workerId: WORKER_ID, endpoint: this.url, maxSessions: 50, version: '1.0.0', environment: 'DEVELOPMENT' };
  }

  #heartbeat(): Record<string, unknown> {
    const sessions = [...this.sessions].map(([sessionId, { status }]) => ({
      sessionId,
      status,
      ...(this.#has('phoneNumber is null') && { phoneNumber: null }),
    }));
    const counts = { messageCount: 0, totalSessions: sessions.length, activeSessions: 0 };
    return { ...(!this.#has('heartbeats lack sessions') && { sessions }), metrics: { cpuUsage: 1, memoryUsage: 1, uptime: 7, ...counts } };
  }

  async #report(report: Record<string, unknown>): Promise<void> {
    const body = {
      ...report,
      ...(!this.#has('reports do not name the worker') && { workerId: KNOWN_AS }),
      timestamp: new Date().toISOString(),
    };
    while (!this.#ended.signal.aborted) {
      const status = await this.#call('POST', '/api/webhooks/session-status', body);
      if (status < 500 && !(status === 404 && this.#has('refused reports come again'))) return;
      await this.#pause(RETRY_MS);
    }
  }

  /** @returns the status of the answer, 599 when there was none */
  async #call(method: string, path: string, body: Record<string, unknown>): Promise<number> {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${this.#options.token}` };
    try {
      const init = { method, headers, body: JSON.stringify(body), signal: this.#ended.signal };
      const response = await fetch(this.#options.backendUrl + path, init);
      await response.arrayBuffer();
      return response.status;
    } catch {
      // The kit is not there yet, or gone already.
      return 599;
    }
  }

  async #pause(ms: number): Promise<void> {
    await sleep(ms, undefined, { signal: this.#ended.signal }).catch(() => undefined);
  }

  #run(work: () => Promise<void>): void {
    const running = work().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }
}

const bodyOf = (request: Request): Record<string, unknown> => (request.body ?? {}) as Record<string, unknown>;
