// Headers of Standard Webhooks (standardwebhooks.com), for which consumers find libraries in most languages.
import { createHash, createHmac } from 'node:crypto';

const PREFIX = 'whsec_';

/** The same for every try of an event, also of another process; another one for a session that was made anew. */
export const webhookId = (workerId: string, sessionId: string, createdAt: number, what: string): string => {
  const digest = createHash('sha256')
    .update(JSON.stringify([workerId, sessionId, createdAt, what]))
    .digest('hex');
  return `evt_${digest.slice(0, 32)}`;
};

/** @param seconds Unix time of this try @param secret without one there is no signature */
export const webhookHeaders = (id: string, seconds: number, body: string, secret: string | undefined): Record<string, string> => ({
  'webhook-id': id,
  'webhook-timestamp': String(seconds),
  ...(secret !== undefined && { 'webhook-signature': `v1,${signature(id, seconds, body, secret)}` }),
});

const signature = (id: string, seconds: number, body: string, secret: string): string =>
  createHmac('sha256', secret.startsWith(PREFIX) ? Buffer.from(secret.slice(PREFIX.length), 'base64') : secret)
    .update(`${id}.${seconds}.${body}`)
    .digest('base64');
