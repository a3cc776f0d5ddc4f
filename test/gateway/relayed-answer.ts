// What a worker answered, as the gateway's own answer.
import type { Answer } from './endpoint.js';
import { GatewayError } from './gateway-error.js';
import type { WorkerAnswer } from './worker-client.js';

export const isSuccess = (answer: WorkerAnswer): boolean =>
  answer.kind === 'answered' && answer.status >= 200 && answer.status < 300 && answer.body['success'] !== false;

/** Status and body as the worker gave them, `Retry-After` included. @throws GatewayError when there is no answer to pass on */
export const relayed = (answer: WorkerAnswer): Answer => {
  // A worker that refuses the gateway's token says nothing about the user's.
  if (answer.kind !== 'answered' || answer.status === 401 || typeof answer.body['success'] !== 'boolean') throw failureOf(answer);
  const { status, body, retryAfter } = answer;
  return { status, body, headers: { ...(retryAfter !== undefined && { 'Retry-After': retryAfter }) } };
};

/** A worker's failure in the gateway's words. */
export const failureOf = (answer: WorkerAnswer): GatewayError => {
  switch (answer.kind) {
    case 'timeout':
      return new GatewayError('WORKER_TIMEOUT', 'The worker did not answer in time; what was asked may have happened.');
    case 'unreachable':
      return new GatewayError('WORKER_UNREACHABLE', `The worker cannot be reached: ${answer.sentence}.`);
    case 'answered': {
      const { status, body } = answer;
      const { error, code } = body;
      return new GatewayError('WORKER_FAILED', `The worker answered ${status}${typeof error === 'string' ? `: ${error}` : '.'}`, {
        details: { status, ...(typeof code === 'string' && { code }) },
      });
    }
  }
};
