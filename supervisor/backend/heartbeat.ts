// One heartbeat, and what its answer means.
import type { Pulse } from './dialects/dialect.js';
import type { StepOutcome } from './link-state.js';
import { failureOf, tokenRefusal, type RegistrationParts } from './registration.js';

const TIMEOUT_MS = 10_000;
/** Over before the next one is due. */
const SHARE_OF_INTERVAL = 0.9;

export const sendHeartbeat = async (
  { client, dialect, prefixes }: RegistrationParts,
  workerId: string,
  pulse: Pulse,
  intervalMs: number,
): Promise<StepOutcome> => {
  const timeoutMs = Math.min(TIMEOUT_MS, Math.floor(intervalMs * SHARE_OF_INTERVAL));
  const answer = await client.call(dialect.heartbeat(workerId, pulse, prefixes), { timeoutMs });
  switch (answer.kind) {
    case 'accepted':
      return { kind: 'taken' };
    case 'refused': {
      const { status, sentence: said } = answer;
      if (status === 404) return { kind: 'unknown' };
      const sentence = tokenRefusal(status, said) ?? `The backend refuses the heartbeats of this worker (${status}). It says: ${said}`;
      return { kind: 'refused', status, sentence };
    }
    case 'failed':
      return failureOf(answer);
  }
};
