import type { Exchange } from '../exchange.js';
import { KitServer, type Reply } from '../kit-server.js';
import type { Dialect, Prefixes } from '../options.js';

export interface RecordingBackendOptions {
  /** Port 0 for any. */
  at: { host: string; port: number };
  dialect: Dialect;
  prefixes: Prefixes;
  /** Where the worker under test listens. */
  workerUrl: string;
}

/** What the worker did, in the order it came. */
interface Registration {
  exchange: Exchange;
  /** Whether the worker's own address, and the one it registered, answered /health at that moment. */
  listening: boolean;
  endpointAnswers: boolean;
}

interface Refusal {
  status: number;
  times: number;
}

const PROBE_TIMEOUT_MS = 5_000;

/** A backend that takes everything, checks nothing and forgets nothing; the checks look at what it got. */
export class RecordingBackend {
  readonly registrations: Registration[] = [];
  readonly heartbeats: Exchange[] = [];
  readonly #reports: Exchange[] = [];
  readonly #refusals = new Map<string, Refusal>();
  readonly #options: RecordingBackendOptions;
  #server: KitServer | undefined;
  /** Ids under which heartbeats are taken. */
  #known = new Set<string>();

  private constructor(options: RecordingBackendOptions) {
    this.#options = options;
  }

  /** @throws when the port is taken */
  static async listen(options: RecordingBackendOptions): Promise<RecordingBackend> {
    const backend = new RecordingBackend(options);
    backend.#server = await KitServer.listen(options.at.port, options.at.host, async (exchange) => backend.#answer(exchange));
    return backend;
  }

  get url(): string {
    return this.#server?.url ?? '';
  }

  async close(): Promise<void> {
    await this.#server?.close();
  }

  /** Reports of one session, or of all, in the order they came; refused ones included. */
  reports(sessionId?: string): Exchange[] {
    return this.#reports.filter((exchange) => sessionId === undefined || fieldOf(exchange.body, 'sessionId') === sessionId);
  }

  /** From now on heartbeats are answered 404, until the worker registers again. */
  forgetWorker(): void {
    this.#known = new Set();
  }

  /** The next `times` reports of this session are answered `status`. */
  refuseReports(sessionId: string, status: number, times = 1): void {
    this.#refusals.set(sessionId, { status, times });
  }

  async #answer(exchange: Exchange): Promise<Reply> {
    const { api, webhooks } = this.#options.prefixes;
    const path = exchange.url.split('?')[0] ?? '';
    const route = `${exchange.method} ${path}`;
    if (route === `POST ${api}/workers/register`) return this.#register(exchange);
    if (route === `POST ${webhooks}/session-status`) return this.#report(exchange);
    const [, workerId = '', action] = new RegExp(`^${api}/workers/([^/]+)/(.+)$`).exec(path) ?? [];
    if (action === 'heartbeat' && exchange.method === 'PUT') return this.#heartbeat(exchange, decodeURIComponent(workerId));
    if (this.#options.dialect === 'whatsam') {
      if (action === 'sessions/assigned') return ok({ workerId, sessions: [], totalSessions: 0 });
      if (action === 'sessions/recovery-status') return ok({ workerId });
    }
    return refused(404, 'Not found');
  }

  async #register(exchange: Exchange): Promise<Reply> {
    const endpoint = fieldOf(exchange.body, 'endpoint');
    const [listening, endpointAnswers] = await Promise.all([
      answersHealth(this.#options.workerUrl),
      typeof endpoint === 'string' && answersHealth(endpoint),
    ]);
    this.registrations.push({ exchange, listening, endpointAnswers });
    const asked = String(fieldOf(exchange.body, 'workerId'));
    if (this.#options.dialect === 'guide') {
      this.#known.add(asked);
      return {
        status: 201,
        json: { success: true, message: 'Worker registered successfully', data: { workerId: asked, status: 'ONLINE' } },
      };
    }
    const workerId = asked.toLowerCase().replaceAll('_', '-');
    this.#known.add(workerId);
    const data = { workerId, status: 'ONLINE', recoveryRequired: false, assignedSessionCount: 0 };
    return { status: 201, json: { success: true, message: 'Worker registered successfully', data } };
  }

  #heartbeat(exchange: Exchange, workerId: string): Reply {
    if (!this.#known.has(workerId)) return refused(404, 'Worker not found');
    this.heartbeats.push(exchange);
    const sessions = fieldOf(fieldOf(exchange.body, 'metrics'), 'sessions');
    return ok({
      workerId,
      status: 'ONLINE',
      sessionCount: fieldOf(sessions, 'total') ?? 0,
      sessionBreakdown: sessions ?? {},
      lastHeartbeat: new Date().toISOString(),
    });
  }

  #report(exchange: Exchange): Reply {
    this.#reports.push(exchange);
    const sessionId = String(fieldOf(exchange.body, 'sessionId'));
    const refusal = this.#refusals.get(sessionId);
    if (refusal && refusal.times > 0) {
      refusal.times -= 1;
      return refused(refusal.status, refusal.status === 404 ? 'Session not found' : 'Try again later');
    }
    return ok({ sessionId });
  }
}

const ok = (data: unknown): Reply => ({ status: 200, json: { success: true, message: 'Taken', data } });
const refused = (status: number, error: string): Reply => ({ status, json: { success: false, error } });

const fieldOf = (value: unknown, name: string): unknown =>
  typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[name] : undefined;

/** As a backend does it: no token, and not for long. */
const answersHealth = async (baseUrl: string): Promise<boolean> => {
  try {
    const response = await fetch(`${baseUrl.replace(/\/+$/, '')}/health`, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    await response.arrayBuffer();
    return response.status === 200;
  } catch {
    return false;
  }
};
