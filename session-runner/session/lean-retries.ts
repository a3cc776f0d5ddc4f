import type { proto, WASocket } from '../baileys.js';
import { ExpiringCache } from './expiring-cache.js';

const MINUTE_MS = 60_000;
/** Requests of Baileys itself to the own phone, for one socket. */
const MOST_RECENT = 32;

/**
 * Lets a socket remember for retries what it needs and no more. Baileys makes room for 1,536 entries at once, 68 kB for every socket, and keeps
 * whole messages in it, received ones too. Those nobody asks for, and messages of ours that are asked for again come from the store; only
 * requests to the own phone, which Baileys sends by itself, are nowhere else.
 */
export const leanRetries = ({ messageRetryManager: manager }: Pick<WASocket, 'messageRetryManager'>): void => {
  if (!manager) return;
  const recent = new ExpiringCache(5 * MINUTE_MS, MOST_RECENT);
  Object.assign(manager, {
    recentMessagesMap: recent,
    baseKeys: new ExpiringCache(15 * MINUTE_MS),
    addRecentMessage: (to: string, id: string, message: proto.IMessage) => {
      if (message.protocolMessage?.peerDataOperationRequestMessage) recent.set(`${to} ${id}`, { message, timestamp: Date.now() });
    },
    getRecentMessage: (to: string, id: string) => recent.get(`${to} ${id}`),
  });
};
