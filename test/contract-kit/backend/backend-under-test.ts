import type { CheckScope } from '../check-scope.js';
import { contractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import type { Call, HttpClient } from '../http-client.js';
import type { Dialect, Prefixes } from '../options.js';
import { CheckSkipped } from '../check.js';
import type { BackendVisit } from './backend-visit.js';
import { findField } from './find-in-answer.js';
import { StandInWorker } from './stand-in-worker.js';

type Auth = Pick<Call, 'bearer'>;

/** The backend's calls, as a worker, as an admin and as a user make them. */
export class BackendUnderTest {
  readonly dialect: Dialect;
  readonly #prefixes: Prefixes;

  constructor(
    readonly http: HttpClient,
    readonly scope: CheckScope,
    readonly visit: BackendVisit,
  ) {
    this.dialect = visit.options.dialect;
    this.#prefixes = visit.options.prefixes;
  }

  /** The kit's own worker; registered once the check `register` holds. */
  async worker(): Promise<StandInWorker> {
    return this.visit.worker();
  }

  /** A further worker of the kit, for this check alone. */
  async anotherWorker(workerId = contractId()): Promise<StandInWorker> {
    const worker = await StandInWorker.start({ kitHost: this.visit.options.kitHost, workerId });
    this.scope.defer(async () => worker.stop());
    return worker;
  }

  /** Whatever is registered here but the kit's own worker is removed when the check ends. */
  async register(body: Record<string, unknown>, auth: Auth = {}): Promise<Exchange> {
    const exchange = await this.http.request({ method: 'POST', path: `${this.#prefixes.api}/workers/register`, json: body, ...auth });
    const own = await this.worker();
    if (exchange.status < 300 && body['workerId'] !== own.workerId) {
      const { endpoint } = body;
      const workerId = findField(exchange.body, 'workerId') ?? String(body['workerId']);
      this.scope.defer(async () => this.removeWorker({ workerId, endpoint: typeof endpoint === 'string' ? endpoint : own.endpoint }));
    }
    return exchange;
  }

  async heartbeat(workerId: string, body: Record<string, unknown>, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'PUT', path: `${this.#prefixes.api}/workers/${workerId}/heartbeat`, json: body, ...auth });
  }

  async webhook(name: string, body: Record<string, unknown>, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: `${this.#prefixes.webhooks}/${name}`, json: body, ...auth });
  }

  /** A call of the API with the admin's token; `path` begins behind the prefix. */
  async admin(method: Call['method'], path: string, json?: unknown, auth: Auth = {}): Promise<Exchange> {
    const bearer = this.visit.jwt ?? null;
    return this.http.request({ method, path: this.#prefixes.api + path, bearer, ...(json !== undefined && { json }), ...auth });
  }

  /** A call as the kit's worker makes it, below `/workers/:workerId`. */
  async asWorker(method: Call['method'], path: string, json?: unknown): Promise<Exchange> {
    return this.http.request({ method, path: this.#prefixes.api + path, ...(json !== undefined && { json }) });
  }

  async login(email: string, password: string): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: this.visit.options.loginPath, json: { email, password }, bearer: null });
  }

  /** Takes a worker of the kit out of the backend. @throws Error with a sentence when it stays */
  async removeWorker({ workerId, endpoint }: Pick<StandInWorker, 'workerId' | 'endpoint'>): Promise<void> {
    const gone = [200, 202, 204, 404];
    if (this.visit.jwt !== undefined) {
      const { status } = await this.admin('DELETE', `/workers/${workerId}`);
      if (gone.includes(status)) return;
      throw new Error(`worker ${workerId} stays registered: removing it was answered ${status}`);
    }
    if (this.dialect === 'whatsam') {
      const { status } = await this.asWorker('DELETE', '/workers/unregister', introductionOf({ workerId, endpoint }));
      if (gone.includes(status)) return;
    }
    throw new Error(`worker ${workerId} stays registered: only an admin could remove it`);
  }

  /** @throws CheckSkipped when the backend has no such route */
  offered(exchange: Exchange, what: string): void {
    if (exchange.status === 404 || exchange.status === 405) throw new CheckSkipped(`the backend does not offer ${what}`);
  }
}

/** A registration that nothing is wrong with. */
export const introductionOf = ({ workerId, endpoint }: Pick<StandInWorker, 'workerId' | 'endpoint'>): Record<string, unknown> => ({
  workerId,
  endpoint,
  maxSessions: 50,
  description: 'Stand-in of the contract kit',
  version: '1.0.0',
  environment: 'DEVELOPMENT',
});
