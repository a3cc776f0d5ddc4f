// One try to register, and what its answer means.
import type { BackendAnswer, BackendClient } from './backend-request.js';
import type { Dialect, Introduction, Prefixes, Registered } from './dialects/dialect.js';
import { fullSentence } from './full-sentence.js';
import type { StepOutcome } from './link-state.js';

const TIMEOUT_MS = 10_000;

export interface RegistrationParts {
  client: BackendClient;
  dialect: Dialect;
  prefixes: Prefixes;
}

/** @returns what the backend said, and what it calls this worker when it took it */
export const register = async (
  { client, dialect, prefixes }: RegistrationParts,
  introduction: Introduction,
): Promise<{ outcome: StepOutcome; registered?: Registered }> => {
  const answer = await client.call(dialect.register(introduction, prefixes), { timeoutMs: TIMEOUT_MS });
  switch (answer.kind) {
    case 'accepted':
      return { outcome: { kind: 'taken' }, registered: dialect.registered(answer.body, introduction.workerId) };
    case 'refused':
      return { outcome: { kind: 'refused', status: answer.status, sentence: refusalOf(answer, introduction) } };
    case 'failed':
      return { outcome: failureOf(answer) };
  }
};

/** A failed call as a step that was not taken. */
export const failureOf = ({ sentence, retryAfterMs }: Extract<BackendAnswer, { kind: 'failed' }>): StepOutcome => ({
  kind: 'failed',
  sentence: `The backend cannot be used now: ${fullSentence(sentence)} It is tried again by itself.`,
  retryAfterMs,
});

/** The same for registrations and heartbeats: both carry the token. */
export const tokenRefusal = (status: number, said: string): string | undefined => {
  if (status === 401) return `The backend does not accept the token: set WORKER_AUTH_TOKEN to what the backend expects. It says: ${said}`;
  if (status === 403)
    return `The backend does not let this worker in: check WORKER_AUTH_TOKEN, and what the backend allows. It says: ${said}`;
  return undefined;
};

const refusalOf = ({ status, sentence: said }: Extract<BackendAnswer, { kind: 'refused' }>, { workerId }: Introduction): string => {
  const about = tokenRefusal(status, said);
  if (about !== undefined) return about;
  switch (status) {
    case 409:
      return `The backend knows a worker ${workerId} with another address: give this one a WORKER_ID of its own, or remove the other from the backend. It says: ${said}`;
    case 404:
    case 405:
      return `Nothing at BACKEND_URL takes registrations: check BACKEND_URL, BACKEND_API_PREFIX and BACKEND_DIALECT. It says: ${said}`;
    default:
      return `The backend refuses the registration (${status}): check WORKER_ID, WORKER_ENDPOINT, WORKER_VERSION and WORKER_MAX_SESSIONS. It says: ${said}`;
  }
};
