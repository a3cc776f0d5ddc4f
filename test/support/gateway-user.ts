// What a user of the gateway does, over its API in the guide's dialect.
import type { Admin } from '../gateway/access.js';
import { ONE_REQUEST } from '../whatsapp/one-request.js';
import { until, type Answer } from './worker-process.js';

/** A session as the gateway has it on record. */
export interface SessionView {
  sessionId: string;
  status: string;
  workerId: string | null;
  phoneNumber?: string;
}

export interface WorkerView {
  workerId: string;
  endpoint: string;
  status: 'ONLINE' | 'OFFLINE' | 'MAINTENANCE';
  assignedSessions: number;
  /** ISO 8601; null until the first one. */
  lastHeartbeat: string | null;
  /** Null for a worker that takes no new session. */
  loadScore: { total: number } | null;
}

/** A report of a worker, as the gateway received it; `answer` is the HTTP status it gave. */
export interface ReportView {
  arrival: number;
  answer: number;
  body: Record<string, unknown> & { status: string };
}

const QR_TIMEOUT_MS = 60_000;

export class GatewayUser {
  readonly api: string;
  readonly #token: string;

  private constructor(api: string, token: string) {
    this.api = api;
    this.#token = token;
  }

  static async login(gatewayUrl: string, admin: Admin): Promise<GatewayUser> {
    const api = `${gatewayUrl}/api/v1`;
    const { token } = await new GatewayUser(api, '').call('POST', '/auth/login', admin);
    return new GatewayUser(api, String(token));
  }

  async request(method: string, path: string, body?: unknown): Promise<Answer> {
    const response = await fetch(this.api + path, {
      method,
      headers: {
        ...ONE_REQUEST,
        authorization: `Bearer ${this.#token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, headers: response.headers, body: (await response.json()) as Answer['body'] };
  }

  /** Like `request`, for calls that must succeed. */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.request(method, path, body);
    if (answer.status >= 300)
      throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body.error ?? JSON.stringify(answer.body)}`);
    return answer.body.data ?? {};
  }

  /** @returns the worker that the gateway chose */
  async create(sessionId: string, name: string): Promise<string> {
    return String((await this.call('POST', '/sessions', { sessionId, name }))['workerId']);
  }

  async connect(sessionId: string): Promise<void> {
    await this.call('POST', `/sessions/${sessionId}/connect`);
  }

  /** Asks until there is a QR code. @returns its data URL */
  async pollQr(sessionId: string): Promise<string> {
    let answer: Answer | undefined;
    await until(
      async () => {
        answer = await this.request('GET', `/sessions/${sessionId}/qr`);
        return answer.status === 200;
      },
      QR_TIMEOUT_MS,
      () => `there is no QR code for ${sessionId}: ${JSON.stringify(answer?.body)}`,
    );
    return String(answer?.body.data?.['qrCode']);
  }

  async send(sessionId: string, to: string, message: string): Promise<Answer> {
    return this.request('POST', `/sessions/${sessionId}/send`, { to, type: 'text', message });
  }

  /** Newest first. */
  async messages(sessionId: string): Promise<Record<string, unknown>[]> {
    return (await this.call('GET', `/sessions/${sessionId}/messages?limit=100`))['messages'] as Record<string, unknown>[];
  }

  async session(sessionId: string): Promise<SessionView> {
    const sessions = (await this.call('GET', '/sessions'))['sessions'] as SessionView[];
    const session = sessions.find((candidate) => candidate.sessionId === sessionId);
    if (!session) throw new Error(`the gateway knows no session ${sessionId}`);
    return session;
  }

  /** Waits until the gateway has on record what is wanted of the session. */
  async untilSession(sessionId: string, wanted: Partial<SessionView>, timeoutMs = 60_000): Promise<void> {
    let session: SessionView | undefined;
    await until(
      async () => {
        session = await this.session(sessionId);
        return Object.entries(wanted).every(([key, value]) => session?.[key as keyof SessionView] === value);
      },
      timeoutMs,
      () => `the gateway has ${JSON.stringify(session)} instead of ${JSON.stringify(wanted)}`,
    );
  }

  async workers(): Promise<WorkerView[]> {
    return (await this.call('GET', '/workers'))['workers'] as WorkerView[];
  }

  /** Oldest first. */
  async reports(sessionId: string): Promise<ReportView[]> {
    return (await this.call('GET', `/sessions/${sessionId}/reports`))['reports'] as ReportView[];
  }
}
