import { ContractBroken } from '../check.js';
import { contractId } from '../contract-id.js';
import type { Exchange } from '../exchange.js';
import { WorkerUnderTest, type Auth } from './worker-under-test.js';

/** The calls that the whatsam dialect's backend makes. Sessions made here are deleted when the check ends. */
export class WhatsamWorker extends WorkerUnderTest {
  async start(sessionId: string, auth: Auth = {}): Promise<Exchange> {
    this.scope.defer(async () => {
      const { status } = await this.remove(sessionId);
      if (![200, 204, 404].includes(status)) throw new Error(`session ${sessionId} was not deleted: ${status}`);
    });
    const json = { sessionId, userId: 'contract', sessionName: 'Contract kit' };
    return this.http.request({ method: 'POST', path: '/api/sessions/start', json, ...auth });
  }

  async status(sessionId: string, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'GET', path: `/api/sessions/${sessionId}/status`, ...auth });
  }

  /** Announces JSON and sends none, as that backend does. */
  async act(sessionId: string, verb: 'disconnect' | 'restart' | 'logout', auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: `/api/sessions/${sessionId}/${verb}`, headers: EMPTY_JSON, ...auth });
  }

  async remove(sessionId: string, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'DELETE', path: `/api/sessions/${sessionId}`, headers: EMPTY_JSON, ...auth });
  }

  async send(sessionId: string, json: Record<string, unknown>, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: `/api/${sessionId}/send`, json, ...auth });
  }

  async manage(root: 'message' | 'messages', sessionId: string, json: Record<string, unknown>, auth: Auth = {}): Promise<Exchange> {
    return this.http.request({ method: 'POST', path: `/api/${root}/${sessionId}/manage`, json, ...auth });
  }

  /** @returns the id of a session that was started */
  async newSession(): Promise<string> {
    const sessionId = contractId();
    const exchange = await this.start(sessionId);
    if (exchange.status >= 300) throw new ContractBroken(`a session for this check could not be started: ${exchange.status}`, exchange);
    return sessionId;
  }

  async beginSession(before?: (sessionId: string) => void): Promise<string> {
    const sessionId = contractId();
    before?.(sessionId);
    await this.start(sessionId);
    return sessionId;
  }
}

const EMPTY_JSON = { 'content-type': 'application/json' };
