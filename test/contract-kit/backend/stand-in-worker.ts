import { toDataURL } from 'qrcode';
import type { Exchange } from '../exchange.js';
import { KitServer, type Reply } from '../kit-server.js';

export interface StandInOptions {
  /** Name of this machine, as the backend reaches it. */
  kitHost: string;
  workerId: string;
}

const QR = 'https://wa.me/settings/linked_devices#2@contract,kit,stand-in,worker,1';
const LOOPBACK = new Set(['127.0.0.1', 'localhost']);

/** A worker of the kit's own, for a backend to talk to: it answers every call of both dialects, and does nothing. */
export class StandInWorker {
  readonly workerId: string;
  readonly endpoint: string;
  readonly #server: KitServer;

  private constructor(server: KitServer, { kitHost, workerId }: StandInOptions) {
    this.#server = server;
    this.workerId = workerId;
    this.endpoint = `http://${kitHost}:${server.port}`;
  }

  static async start(options: StandInOptions): Promise<StandInWorker> {
    const host = LOOPBACK.has(options.kitHost) ? '127.0.0.1' : '0.0.0.0';
    return new StandInWorker(await KitServer.listen(0, host, answer), options);
  }

  /** What it was asked, in order. */
  get asked(): readonly Exchange[] {
    return this.#server.exchanges;
  }

  async stop(): Promise<void> {
    await this.#server.close();
  }
}

const answer = async ({ method, url }: Exchange): Promise<Reply> => {
  const path = url.split('?')[0] ?? '';
  if (path === '/health') {
    const data = { status: 'online', sessionCount: 0, cpuUsage: 1, memoryUsage: 1, uptime: 60, maxSessions: 50 };
    return { status: 200, json: { success: true, data } };
  }
  return path.startsWith('/api/') ? whatsamAnswer(method, path) : guideAnswer(method, path);
};

const guideAnswer = async (method: string, path: string): Promise<Reply> => {
  if (path === '/session/create') return ok({ status: 'disconnected', message: 'Session created successfully' });
  const [, sessionId, action] = /^\/session\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? [];
  switch (`${method} ${action ?? ''}`) {
    case 'POST connect':
      return ok({ sessionId, status: 'qr_required', qrCode: await toDataURL(QR) });
    case 'GET status':
      return ok({ sessionId, status: 'disconnected', lastActivity: now() });
    case 'POST send':
      return ok({ messageId: 'msg_1', status: 'sent', timestamp: now() });
    case 'GET messages':
      return ok({ messages: [], pagination: { total: 0, limit: 50, offset: 0 } });
    case 'DELETE ':
      return { status: 200, json: { success: true, message: 'Session deleted successfully' } };
    default:
      return unknown;
  }
};

const whatsamAnswer = async (method: string, path: string): Promise<Reply> => {
  if (path === '/api/sessions/start') return flat({ status: 'QR_REQUIRED', qrCode: await toDataURL(QR) });
  if (/^\/api\/[^/]+\/send$/.test(path)) return flat({ messageId: 'msg_1', status: 'SENT', timestamp: now() });
  if (method === 'DELETE') return { status: 200, json: { success: true, message: 'Session deleted successfully' } };
  return path.startsWith('/api/sessions/') ? flat({ status: 'DISCONNECTED' }) : unknown;
};

const now = (): string => new Date().toISOString();
const ok = (data: Record<string, unknown>): Reply => ({ status: 200, json: { success: true, data } });
const flat = (data: Record<string, unknown>): Reply => ({ status: 200, json: { success: true, data, ...data } });
const unknown: Reply = { status: 404, json: { success: false, error: 'Nothing here' } };
