import type { FakeSession } from './fake-worker.js';

export type LinkDefect =
  | 'breakdown does not sum'
  | 'endpoint leads nowhere'
  | 'heartbeats come late'
  | 'never registers'
  | 'a 404 to a heartbeat is ignored'
  | 'registers without token'
  | 'reports are never repeated'
  | 'reports come in the wrong order'
  | 'reports say connecting'
  | 'uptime is a text';

export interface FakeBackendLinkOptions {
  backendUrl: string;
  token: string;
  heartbeatMs: number;
  endpoint: string;
  sessions: ReadonlyMap<string, FakeSession>;
  defect: string | undefined;
}

const WORKER_ID = 'fake-worker';
const RETRY_MS = 50;
/** Far above what a heartbeat check allows. */
const LATE_MS = 2_000;

/** Registers, beats and reports as the guide says, but for a defect. */
export class FakeBackendLink {
  readonly #options: FakeBackendLinkOptions;
  readonly #ended = new AbortController();
  readonly #running = new Set<Promise<void>>();
  #reports: Promise<void> = Promise.resolve();

  constructor(options: FakeBackendLinkOptions) {
    this.#options = options;
  }

  start(): void {
    if (!this.#has('never registers')) this.#run(async () => this.#live());
  }

  async stop(): Promise<void> {
    this.#ended.abort();
    await Promise.all(this.#running);
  }

  report(sessionId: string, change: { status: string; qrCode: string }): void {
    const now = Date.now();
    const before = this.#has('reports come in the wrong order') ? now + 1_000 : now;
    this.#queue({ sessionId, status: this.#has('reports say connecting') ? 'connecting' : 'disconnected', timestamp: iso(before) });
    this.#queue({ sessionId, ...change, timestamp: iso(now) });
  }

  #queue(report: Record<string, unknown>): void {
    this.#run(async () => {
      this.#reports = this.#reports.then(async () => this.#deliver(report));
      await this.#reports;
    });
  }

  async #deliver(report: Record<string, unknown>): Promise<void> {
    while (!this.#ended.signal.aborted) {
      const status = await this.#call('POST', '/api/webhooks/session-status', report);
      if (status < 500 || this.#has('reports are never repeated')) return;
      await this.#pause(RETRY_MS);
    }
  }

  async #live(): Promise<void> {
    await this.#register();
    while (!this.#ended.signal.aborted) {
      const status = await this.#call('PUT', `/api/v1/workers/${WORKER_ID}/heartbeat`, this.#heartbeat());
      if (status === 404 && !this.#has('a 404 to a heartbeat is ignored')) await this.#register();
      await this.#pause(this.#has('heartbeats come late') ? LATE_MS : this.#options.heartbeatMs);
    }
  }

  async #register(): Promise<void> {
    const { endpoint } = this.#options;
    const introduction = {
      workerId: WORKER_ID,
      endpoint: this.#has('endpoint leads nowhere') ? 'http://127.0.0.1:1' : endpoint,
      maxSessions: 50,
      description: 'A fake',
      version: '1.0.0',
      environment: 'DEVELOPMENT',
    };
    while (!this.#ended.signal.aborted && (await this.#call('POST', '/api/v1/workers/register', introduction)) >= 300) {
      await this.#pause(RETRY_MS);
    }
  }

  #heartbeat(): Record<string, unknown> {
    const sessions = [...this.#options.sessions.values()];
    const count = (status: string): number => sessions.filter((session) => session.status === status).length;
    const [connected, disconnected, qr_required] = [count('connected'), count('disconnected'), count('qr_required')];
    const total = sessions.length + (this.#has('breakdown does not sum') ? 1 : 0);
    const breakdown = { total, connected, disconnected, qr_required, reconnecting: 0, error: 0, maxSessions: 50 };
    const uptime = this.#has('uptime is a text') ? '7 s' : 7;
    return { status: 'online', metrics: { sessions: breakdown, cpuUsage: 12.5, memoryUsage: 40, uptime, messageCount: 0 } };
  }

  /** @returns the status of the answer, 599 when there was none */
  async #call(method: string, path: string, body: Record<string, unknown>): Promise<number> {
    const anonymous = this.#has('registers without token') && path.endsWith('/register');
    const headers = { 'content-type': 'application/json', ...(!anonymous && { authorization: `Bearer ${this.#options.token}` }) };
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
    const { signal } = this.#ended;
    if (signal.aborted) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      signal.addEventListener('abort', () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  #run(work: () => Promise<void>): void {
    const running = work().finally(() => this.#running.delete(running));
    this.#running.add(running);
  }

  #has(defect: LinkDefect): boolean {
    return this.#options.defect === defect;
  }
}

const iso = (at: number): string => new Date(at).toISOString();
