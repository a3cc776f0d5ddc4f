import { contractId } from '../contract-id.js';
import { ContractBroken } from '../check.js';
import type { Exchange } from '../exchange.js';
import type { Call } from '../http-client.js';
import { WorkerUnderTest, type Auth } from './worker-under-test.js';

/** The guide's calls on the worker under test. Sessions made here are deleted when the check ends. */
export class GuideWorker extends WorkerUnderTest {
  /** Whatever it answers, a session of this id is deleted after the check. */
  async create(body: Record<string, unknown>, auth: Auth = {}): Promise<Exchange> {
    const { sessionId } = body;
    if (typeof sessionId === 'string' && sessionId !== '') this.#deleteAfterwards(sessionId);
    return this.http.request({ method: 'POST', path: '/session/create', json: body, ...auth });
  }

  async createRaw(text: string): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: '/session/create', text });
  }

  async connect(sessionId: string, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: `${at(sessionId)}/connect`, headers: JSON_TYPE, ...auth });
  }

  async status(sessionId: string, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'GET', path: `${at(sessionId)}/status`, ...auth });
  }

  async remove(sessionId: string, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'DELETE', path: at(sessionId), ...auth });
  }

  async send(sessionId: string, body: Record<string, unknown>, auth: Auth & Pick<Call, 'headers'> = {}): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: `${at(sessionId)}/send`, json: body, ...auth });
  }

  async messages(sessionId: string, query = '?limit=50&offset=0', auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'GET', path: `${at(sessionId)}/messages${query}`, ...auth });
  }

  /** @returns the id of a session that exists now */
  async newSession(): Promise<string> {
    const sessionId = contractId();
    const exchange = await this.create({ sessionId, userId: 'contract', sessionName: 'Contract kit' });
    if (exchange.status !== 200 && exchange.status !== 201) {
      throw new ContractBroken(`a session for this check could not be created: ${exchange.status}`, exchange);
    }
    return sessionId;
  }

  async beginSession(before?: (sessionId: string) => void): Promise<string> {
    const sessionId = await this.newSession();
    before?.(sessionId);
    await this.connect(sessionId);
    return sessionId;
  }

  #deleteAfterwards(sessionId: string): void {
    this.scope.defer(async () => {
      const { status } = await this.remove(sessionId);
      // A refused id never became a session.
      if (![200, 204, 400, 404, 405].includes(status)) throw new Error(`session ${sessionId} was not deleted: ${status}`);
    });
  }
}

// The guide's connect names this type without sending a body.
const JSON_TYPE = { 'content-type': 'application/json' };
const at = (sessionId: string): string => `/session/${encodeURIComponent(sessionId)}`;
