import type { WASocket } from '../baileys.js';
import { ExpiringCache } from './expiring-cache.js';

const MINUTE_MS = 60_000;
/** Messages of ours that are asked for again come from the store; these are what Baileys sends by itself, to the own phone mostly. */
const MOST_RECENT = 32;

/**
 * Lets a socket remember for retries what it needs and no more. Baileys makes room for 1,536 entries at once, 68 kB for every socket, and keeps
 * whole messages in it, received ones too.
 */
export const leanRetries = ({ messageRetryManager: manager }: Pick<WASocket, 'messageRetryManager'>): void => {
  if (!manager) return;
  const recent = new ExpiringCache(5 * MINUTE_MS, MOST_RECENT);
  Object.assign(manager, {
    recentMessagesMap: recent,
    baseKeys: new ExpiringCache(15 * MINUTE_MS),
    addRecentMessage: (to: string, id: string, message: unknown) => {
      recent.set(`${to} ${id}`, { message, timestamp: Date.now() });
    },
    getRecentMessage: (to: string, id: string) => recent.get(`${to} ${id}`),
  });
};
