// A small backend in memory that speaks the whatsam dialect to its workers, but for the defect it is told to have.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type Express, type Request, type Response } from 'express';

export type WhatsamBackendDefect =
  | 'any phone number is taken'
  | 'any QR code is taken'
  | 'another endpoint replaces the first'
  | 'health is not asked'
  | 'heartbeats need no sessions'
  | 'ids are kept as they are'
  | 'lower case is taken'
  | 'maxSessions has no limit'
  | 'no recovery routes'
  | 'register says nothing of recovery'
  | 'token is not checked'
  | 'unknown sessions are taken'
  | 'unknown workers may beat';

export interface FakeWhatsamBackendOptions {
  token: string;
  defect?: WhatsamBackendDefect | undefined;
}

const STATUSES = ['INIT', 'QR_REQUIRED', 'CONNECTED', 'DISCONNECTED', 'RECONNECTING', 'ERROR'];
const PHONE = /^\+?[1-9]\d{1,14}$/;

export class FakeWhatsamBackend {
  /** Endpoints by id. */
  readonly workers = new Map<string, string>();
  readonly #options: FakeWhatsamBackendOptions;
  readonly #server: Server;

  private constructor(options: FakeWhatsamBackendOptions, server: Server) {
    this.#options = options;
    this.#server = server;
  }

  static async start(options: FakeWhatsamBackendOptions): Promise<FakeWhatsamBackend> {
    const app = express();
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const backend = new FakeWhatsamBackend(options, server);
    backend.#route(app);
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

  #has(defect: WhatsamBackendDefect): boolean {
    return this.#options.defect === defect;
  }

  #route(app: Express): void {
    app.use(express.json());
    app.use((request, response, next) => {
      if (request.get('authorization') === `Bearer ${this.#options.token}` || this.#has('token is not checked')) next();
      else fail(response, 401, 'Wrong token');
    });
    app.post('/api/workers/register', async (request, response) => {
      const body = bodyOf(request);
      if (!this.#takes(body)) return fail(response, 400, 'The registration is not valid');
      const endpoint = String(body['endpoint']);
      if (!this.#has('health is not asked') && !(await answers(endpoint))) return fail(response, 400, 'The endpoint does not answer');
      const workerId = this.#nameOf(String(body['workerId']));
      const known = this.workers.get(workerId) ?? endpoint;
      if (known !== endpoint && !this.#has('another endpoint replaces the first')) return fail(response, 409, 'Another endpoint');
      this.workers.set(workerId, endpoint);
      ok(response, {
        workerId,
        ...(!this.#has('register says nothing of recovery') && { recoveryRequired: false, assignedSessionCount: 0 }),
      });
    });
    app.delete('/api/workers/unregister', (request, response) => {
      this.workers.delete(this.#nameOf(String(bodyOf(request)['workerId'])));
      ok(response, {});
    });
    app.put('/api/workers/:workerId/heartbeat', (request, response) => {
      const { workerId } = request.params;
      if (!this.workers.has(workerId) && !this.#has('unknown workers may beat')) return fail(response, 404, 'No such worker');
      const { sessions = this.#has('heartbeats need no sessions') ? [] : undefined } = bodyOf(request);
      if (!Array.isArray(sessions)) return fail(response, 400, 'sessions is missing');
      const fine = (sessions as Record<string, unknown>[]).every(({ status, phoneNumber }) => this.#knows(status) && phoneNumber !== null);
      if (fine) ok(response, { workerId });
      else fail(response, 400, 'sessions is not valid');
    });
    if (!this.#has('no recovery routes')) {
      app.get('/api/workers/:workerId/sessions/assigned', (_request, response) => ok(response, { sessions: [] }));
      app.post('/api/workers/:workerId/sessions/recovery-status', (request, response) => {
        if (typeof bodyOf(request)['totalSessions'] === 'number') ok(response, {});
        else fail(response, 400, 'totalSessions is missing');
      });
    }
    app.post('/api/webhooks/session-status', (request, response) => {
      const { status, qrCode = '', phoneNumber = '62811' } = bodyOf(request);
      const qrFits = String(qrCode).length <= 2_000 || this.#has('any QR code is taken');
      const phoneFits = PHONE.test(String(phoneNumber)) || this.#has('any phone number is taken');
      if (!this.#knows(status) || !qrFits || !phoneFits) return fail(response, 400, 'The report is not valid');
      if (this.#has('unknown sessions are taken')) return ok(response, {});
      fail(response, 404, 'No such session');
    });
    app.use((_request, response) => fail(response, 404, 'Nothing here'));
  }

  #takes({ workerId, maxSessions, version, environment, description }: Record<string, unknown>): boolean {
    const sessions = Number(maxSessions);
    return (
      /^[A-Za-z0-9_-]{3,50}$/.test(String(workerId)) &&
      sessions >= 1 &&
      (sessions <= 1_000 || this.#has('maxSessions has no limit')) &&
      /^\d+\.\d+\.\d+$/.test(String(version)) &&
      /^[A-Z]+$/.test(String(environment)) &&
      description !== ''
    );
  }

  #knows(status: unknown): boolean {
    const written = this.#has('lower case is taken') ? String(status).toUpperCase() : String(status);
    return STATUSES.includes(written);
  }

  #nameOf(workerId: string): string {
    return this.#has('ids are kept as they are') ? workerId : workerId.toLowerCase().replaceAll('_', '-');
  }
}

const answers = async (endpoint: string): Promise<boolean> => {
  try {
    return (await fetch(`${endpoint}/health`)).ok;
  } catch {
    return false;
  }
};

const bodyOf = (request: Request): Record<string, unknown> => (request.body ?? {}) as Record<string, unknown>;

const ok = (response: Response, data: Record<string, unknown>): void => {
  response.json({ success: true, data });
};

const fail = (response: Response, status: number, error: string): void => {
  response.status(status).json({ success: false, error });
};
