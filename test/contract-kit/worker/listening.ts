import type { CheckScope } from '../check-scope.js';
import type { Exchange } from '../exchange.js';
import { expectThat } from '../expect-answer.js';
import type { HttpClient } from '../http-client.js';
import { waitUntil } from '../wait-until.js';
import type { RecordingBackend } from './recording-backend.js';

/** A worker under test, seen from the backend that the kit plays. Times are milliseconds. */
export interface Listening {
  readonly http: HttpClient;
  readonly scope: CheckScope;
  readonly backend: RecordingBackend;
  readonly heartbeatMs: number;
  readonly patienceMs: number;
  /** Makes a session and begins to connect it. @param before called with its id before the worker hears of it */
  beginSession(before?: (sessionId: string) => void): Promise<string>;
}

/** The first heartbeat from now on. @throws ContractBroken when none comes */
export const nextHeartbeat = async ({ backend, heartbeatMs, patienceMs, scope }: Listening): Promise<Exchange> => {
  const before = backend.heartbeats.length;
  const timeoutMs = 2 * heartbeatMs + patienceMs;
  const next = await waitUntil(() => backend.heartbeats[before], { timeoutMs, everyMs: 10, signal: scope.signal });
  expectThat(next !== undefined, `no heartbeat came within ${timeoutMs} ms`, backend.heartbeats.at(-1));
  return next as Exchange;
};

/** @throws ContractBroken when none comes */
export const firstRegistration = async ({ backend, heartbeatMs, patienceMs, scope }: Listening): Promise<Exchange> => {
  const timeoutMs = 2 * heartbeatMs + patienceMs;
  const first = await waitUntil(() => backend.registrations[0], { timeoutMs, signal: scope.signal });
  expectThat(first !== undefined, `no registration came within ${timeoutMs} ms; the worker's BACKEND_URL has to lead to ${backend.url}`);
  return (first as { exchange: Exchange }).exchange;
};
