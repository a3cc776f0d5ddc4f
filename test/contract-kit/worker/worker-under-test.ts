import type { CheckScope } from '../check-scope.js';
import type { Exchange } from '../exchange.js';
import type { Call, HttpClient } from '../http-client.js';
import type { Listening } from './listening.js';
import type { RecordingBackend } from './recording-backend.js';

export interface PairedSession {
  sessionId: string;
  /** Number or address to send to. */
  to: string;
}

export interface WorkerParts {
  http: HttpClient;
  scope: CheckScope;
  paired: PairedSession | undefined;
  backend: RecordingBackend | undefined;
  heartbeatMs: number;
  /** What WhatsApp, a report or a heartbeat may take beyond its time. */
  patienceMs: number;
}

export type Auth = Pick<Call, 'bearer'>;

/** What a worker under test is, whatever dialect it is asked in. */
export abstract class WorkerUnderTest implements Listening {
  readonly http: HttpClient;
  readonly scope: CheckScope;
  readonly heartbeatMs: number;
  readonly patienceMs: number;
  readonly #parts: WorkerParts;

  constructor(parts: WorkerParts) {
    this.#parts = parts;
    this.http = parts.http;
    this.scope = parts.scope;
    this.heartbeatMs = parts.heartbeatMs;
    this.patienceMs = parts.patienceMs;
  }

  /** For checks that require `session`. */
  get paired(): PairedSession {
    if (!this.#parts.paired) throw new Error('this check has to require a session');
    return this.#parts.paired;
  }

  /** For checks that require `listen`. */
  get backend(): RecordingBackend {
    if (!this.#parts.backend) throw new Error('this check has to require listening');
    return this.#parts.backend;
  }

  async health(auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'GET', path: '/health', ...auth });
  }

  abstract beginSession(before?: (sessionId: string) => void): Promise<string>;
}
