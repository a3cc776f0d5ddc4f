import type { QueuedSend } from '../worker.js';
import { iso } from './session-json.js';

/** A send that waits, as answers show it. */
export const queuedJson = ({ messageId, to, type, status, position, queuedAt, estimatedAt }: QueuedSend) => ({
  ...{ messageId, to, type, status, position, queuedAt: iso(queuedAt) },
  ...(estimatedAt !== undefined && { estimatedAt: iso(estimatedAt) }),
});
