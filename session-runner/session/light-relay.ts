import type { WASocket } from '../baileys.js';

type Relay = WASocket['relayMessage'];

/** What was learned while one message was relayed, and is true only once it has left. */
interface Underway {
  senderKeyMemory?: Record<string, boolean>;
}

/**
 * Baileys' `relayMessage` without its transaction over the keys. That one finds out by the async context what belongs to it, for which every
 * promise of the process pays on Node.js before 24; and there is little to keep together: ratchets have a lock and commits of their own, and
 * all else may be on disk as soon as it is known. Only who has got the sender key of a group is noted after the message has left, as in the
 * transaction: noted before, a crash in between would leave them without it.
 */
export const lightRelay = (sock: WASocket): Relay => {
  const { keys } = sock.authState;
  const transaction = keys.transaction.bind(keys);
  const set = keys.set.bind(keys);
  const underway = new Map<string, Underway>();
  let entering = false;
  Object.assign(keys, {
    transaction: async <T>(work: () => Promise<T>, key: string): Promise<T> => {
      if (!entering) return transaction(work, key);
      entering = false;
      return work();
    },
    set: async (data) => {
      const { 'sender-key-memory': memory = {}, ...rest } = data;
      const now = Object.entries(memory).filter(([chat, value]) => {
        const own = underway.get(chat);
        if (!own || value === null) return true;
        own.senderKeyMemory = value;
        return false;
      });
      if (now.length > 0) Object.assign(rest, { 'sender-key-memory': Object.fromEntries(now) });
      if (Object.keys(rest).length > 0) await set(rest);
    },
  } satisfies Partial<typeof keys>);

  return async (to, ...args) => {
    const own: Underway = {};
    underway.set(to, own);
    try {
      // It asks for its transaction before it waits for anything.
      entering = true;
      const relayed = sock.relayMessage(to, ...args);
      entering = false;
      const id = await relayed;
      if (own.senderKeyMemory) await set({ 'sender-key-memory': { [to]: own.senderKeyMemory } });
      return id;
    } finally {
      if (underway.get(to) === own) underway.delete(to);
    }
  };
};
