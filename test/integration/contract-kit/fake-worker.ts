// A small worker in memory that keeps the guide's contract, but for the defects it is told to have.
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import express, { type ErrorRequestHandler, type Express, type Response } from 'express';
import { toDataURL } from 'qrcode';
import { FakeBackendLink, type LinkDefect } from './fake-backend-link.js';

export type WorkerDefect =
  | LinkDefect
  | 'broken JSON is a 500'
  | 'create connects'
  | 'delete of an unknown session succeeds'
  | 'duplicate create succeeds'
  | 'error is an object'
  | 'every answer is 500'
  | 'health needs the token'
  | 'health says percent as a text'
  | 'ids are not decoded'
  | 'limit is not checked'
  | 'pagination has no total'
  | 'QR is no PNG'
  | 'second connect is refused'
  | 'send by an unconnected session succeeds'
  | 'sent messages are not listed'
  | 'status says connecting'
  | 'a send’s time is in seconds'
  | 'token is not checked'
  | 'wrong token passes';

export interface FakeSession {
  status: 'disconnected' | 'qr_required' | 'connected';
  connecting: boolean;
  phoneNumber?: string;
  messages: Record<string, unknown>[];
}

export interface FakeWorkerOptions {
  token: string;
  defect?: WorkerDefect | undefined;
  backendUrl?: string | undefined;
  heartbeatMs?: number;
}

const ID = /^[\w-]{1,100}$/;
const QR = 'https://wa.me/settings/linked_devices#2@ref,noise,identity,secret,1';

export class FakeWorker {
  readonly sessions = new Map<string, FakeSession>();
  readonly #options: FakeWorkerOptions;
  readonly #server: Server;
  #link: FakeBackendLink | undefined;
  #messages = 0;

  private constructor(options: FakeWorkerOptions, server: Server) {
    this.#options = options;
    this.#server = server;
  }

  static async start(options: FakeWorkerOptions): Promise<FakeWorker> {
    const app = express();
    const server = app.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const worker = new FakeWorker(options, server);
    worker.#route(app);
    if (options.backendUrl !== undefined) {
      const { token, defect, backendUrl, heartbeatMs = 300 } = options;
      worker.#link = new FakeBackendLink({ backendUrl, token, heartbeatMs, defect, endpoint: worker.url, sessions: worker.sessions });
      worker.#link.start();
    }
    return worker;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    await this.#link?.stop();
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }

  #has(defect: WorkerDefect): boolean {
    return this.#options.defect === defect;
  }

  #fail(response: Response, status: number, error: string): void {
    response.status(status).json({ success: false, error: this.#has('error is an object') ? { message: error } : error });
  }

  #route(app: Express): void {
    app.use((request, response, next) => {
      const given = request.get('authorization');
      const open = request.path === '/health' && !this.#has('health needs the token');
      const right = given === `Bearer ${this.#options.token}` || (given !== undefined && this.#has('wrong token passes'));
      if (this.#has('every answer is 500')) this.#fail(response, 500, 'Broken');
      else if (open || right || this.#has('token is not checked')) next();
      else this.#fail(response, 401, 'Wrong token');
    });
    app.use(express.json());
    app.get('/health', (_request, response) => {
      const cpuUsage = this.#has('health says percent as a text') ? '12%' : 12.5;
      const data = { status: 'online', sessionCount: this.sessions.size, cpuUsage, memoryUsage: 40, uptime: 7, maxSessions: 50 };
      response.json({ success: true, data });
    });
    app.post('/session/create', (request, response) => {
      const { sessionId } = (request.body ?? {}) as Record<string, unknown>;
      if (typeof sessionId !== 'string' || !ID.test(sessionId)) return this.#fail(response, 400, 'sessionId is not valid');
      if (this.sessions.has(sessionId) && !this.#has('duplicate create succeeds')) return this.#fail(response, 409, 'It exists');
      this.sessions.set(sessionId, {
        status: this.#has('create connects') ? 'qr_required' : 'disconnected',
        connecting: false,
        messages: [],
      });
      response.json({ success: true, data: { sessionId, status: 'disconnected', message: 'Session created successfully' } });
    });
    this.#routeSessions(app);
    app.use((_request, response) => {
      this.#fail(response, 404, 'Nothing here');
    });
    const onError: ErrorRequestHandler = (_error, _request, response, _next) => {
      this.#fail(response, this.#has('broken JSON is a 500') ? 500 : 400, 'Broken JSON');
    };
    app.use(onError);
  }

  #routeSessions(app: Express): void {
    app.use('/session/:id', (request, response, next) => {
      const { id } = request.params;
      const known = this.sessions.has(id) && !(this.#has('ids are not decoded') && !request.originalUrl.includes(id));
      if (known) next();
      else if (request.method === 'DELETE' && this.#has('delete of an unknown session succeeds')) deleted(response);
      else this.#fail(response, 404, 'No such session');
    });
    app.post('/session/:id/connect', async (request, response) => {
      const { id } = request.params;
      const session = this.#session(id);
      if (session.status === 'connected') {
        response.json({ success: true, data: { sessionId: id, status: 'connected' } });
        return;
      }
      if (session.connecting && this.#has('second connect is refused')) return this.#fail(response, 409, 'Already connecting');
      session.connecting = true;
      const qrCode = this.#has('QR is no PNG') ? `data:image/png;base64,${btoa('no picture')}` : await toDataURL(QR, { scale: 2 });
      session.status = 'qr_required';
      response.json({ success: true, data: { sessionId: id, status: 'qr_required', qrCode } });
      this.#link?.report(id, { status: 'qr_required', qrCode });
    });
    app.get('/session/:id/status', (request, response) => {
      const { id } = request.params;
      const { status, phoneNumber, connecting } = this.#session(id);
      const shown = connecting && this.#has('status says connecting') ? 'connecting' : status;
      response.json({ success: true, data: { sessionId: id, status: shown, phoneNumber, lastActivity: new Date().toISOString() } });
    });
    app.delete('/session/:id', (request, response) => {
      this.sessions.delete(request.params.id);
      deleted(response);
    });
    app.post('/session/:id/send', (request, response) => {
      const session = this.#session(request.params.id);
      const { to, message } = (request.body ?? {}) as Record<string, unknown>;
      if (typeof to !== 'string') return this.#fail(response, 400, 'to is missing');
      if (session.status !== 'connected' && !this.#has('send by an unconnected session succeeds'))
        return this.#fail(response, 409, 'Not connected');
      const id = `msg_${(this.#messages += 1)}`;
      const timestamp = new Date().toISOString();
      if (!this.#has('sent messages are not listed'))
        session.messages.unshift({ id, from: '62811@s.whatsapp.net', to, type: 'text', content: message, timestamp, status: 'sent' });
      response.json({ success: true, data: { messageId: id, status: 'sent', timestamp: this.#sendTime() } });
    });
    app.get('/session/:id/messages', (request, response) => {
      const { messages } = this.#session(request.params.id);
      const [limit, offset] = [Number(request.query['limit'] ?? 50), Number(request.query['offset'] ?? 0)];
      const sane = [limit, offset].every((number) => Number.isInteger(number) && number >= 0);
      if (!sane && !this.#has('limit is not checked')) return this.#fail(response, 400, 'limit or offset is not valid');
      const pagination = { ...(!this.#has('pagination has no total') && { total: messages.length }), limit, offset };
      response.json({ success: true, data: { messages: messages.slice(offset, offset + limit), pagination } });
    });
  }

  #session(id: string): FakeSession {
    const session = this.sessions.get(id);
    if (!session) throw new Error('the session is gone');
    return session;
  }

  #sendTime(): string | number {
    return this.#has('a send’s time is in seconds') ? Math.floor(Date.now() / 1_000) : new Date().toISOString();
  }
}

const deleted = (response: Response): void => {
  response.json({ success: true, message: 'Session deleted successfully' });
};
