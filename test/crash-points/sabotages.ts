// Safeguards that can be turned off, to see that the crash run notices. Each window it opens is held open a little, so that kills find it.
import { randomBytes } from 'node:crypto';
import type { Store, Write } from '../../shared/store/store.js';
import { isAccept } from './phases.js';
import { loadClass, wrapMethod, type Around } from './wrap-method.js';

export interface Sabotage {
  explanation: string;
  runner?: () => Promise<void>;
  supervisor?: () => Promise<void>;
}

const WINDOW_MS = 1_500;
const ACK_DELAY_MS = 400;

const onStore = async (method: 'get' | 'commit', around: Around): Promise<void> => {
  wrapMethod(await loadClass('shared/store/store.js', 'Store'), method, around);
};

const onCall = async (called: string, around: Around): Promise<void> => {
  wrapMethod(await loadClass('shared/ipc/peer.js', 'Peer'), 'call', (proceed, args, self) =>
    args[0] === called ? around(proceed, args, self) : proceed(),
  );
};

const later = async <T>(ms: number, work: () => T | Promise<T>): Promise<T> => {
  await new Promise((resolve) => setTimeout(resolve, ms));
  return work();
};

/** Not a safeguard: WhatsApp's confirmations are only heard later. */
const slowAcks = async (): Promise<void> => {
  wrapMethod(await loadClass('session-runner/messages/acks.js', 'Acks'), 'settle', (proceed) => {
    setTimeout(proceed, ACK_DELAY_MS);
  });
};

const idOf = (table: string, key: unknown): string => JSON.stringify([table, key]);

/** Writes that reads see and the disk does not have (yet). */
class Unwritten {
  readonly #rows = new Map<string, unknown>();

  static async install(): Promise<Unwritten> {
    const unwritten = new Unwritten();
    await onStore('get', (proceed, [table, key]) => {
      const id = idOf(String(table), key);
      return unwritten.#rows.has(id) ? unwritten.#rows.get(id) : proceed();
    });
    return unwritten;
  }

  /** @returns what forgets them, except those written over since */
  hold(writes: readonly Write[]): () => void {
    const held = writes.map(({ table, key, value }) => ({ id: idOf(table, key), value }));
    for (const { id, value } of held) this.#rows.set(id, value);
    return () => {
      for (const { id, value } of held) if (this.#rows.get(id) === value) this.#rows.delete(id);
    };
  }

  forget(writes: readonly Write[]): void {
    for (const { table, key } of writes) this.#rows.delete(idOf(table, key));
  }
}

/** Commits are answered at once and written later, in their order. */
const commitsLater = async (): Promise<void> => {
  const unwritten = await Unwritten.install();
  await onStore('commit', async (proceed, [writes]) => {
    const release = unwritten.hold(writes as readonly Write[]);
    void later(WINDOW_MS, async () => {
      await (proceed() as Promise<void>).finally(release);
    });
    return Promise.resolve();
  });
};

/** The runner takes what it ships for committed at once and forgets it, before the supervisor has it. */
const acknowledgeUncommitted = async (): Promise<void> => {
  let store: Store | undefined;
  await onStore('commit', (proceed, _args, self) => {
    store = self as Store;
    return proceed();
  });
  await onCall('spool.commit', async (proceed, [, params]) => {
    void later(WINDOW_MS, proceed);
    const { records } = params as { records: { seq: number }[] };
    await store?.commit(records.map(({ seq }) => ({ table: 'spool', key: [seq], value: undefined })));
    return {};
  });
};

/** Accepted sends live in memory: neither intent nor key is on disk before the outcome is. */
const acceptInMemory = async (): Promise<void> => {
  const unwritten = await Unwritten.install();
  const inMemory = ({ table }: Write): boolean => table === 'intents' || table === 'idempotency';
  await onStore('commit', (proceed, [given]) => {
    const writes = given as readonly Write[];
    if (!isAccept(writes)) {
      const result = proceed();
      unwritten.forget(writes);
      return result;
    }
    unwritten.hold(writes.filter(inMemory));
    return proceed([writes.filter((write) => !inMemory(write))]);
  });
};

/** A send handed over again gets another id. */
const newIds = async (): Promise<void> => {
  const dispatched = new Set<string>();
  await onCall('session.send', (proceed, [method, params, options]) => {
    const request = params as { messageId: string };
    if (!dispatched.has(request.messageId)) {
      dispatched.add(request.messageId);
      return proceed();
    }
    return proceed([method, { ...request, messageId: `3EB0${randomBytes(9).toString('hex').toUpperCase()}` }, options]);
  });
};

/** Nothing is ever found to be in history already. */
const noIndex = async (): Promise<void> => {
  await onStore('get', (proceed, [table]) => (table === 'messageIndex' ? undefined : proceed()));
};

/** What happened is told in a commit of its own, after the one that made it happen. */
const eventsLater = async (): Promise<void> => {
  await onStore('commit', (proceed, [given]) => {
    const writes = given as readonly Write[];
    const isEvent = ({ table }: Write): boolean => table === 'events';
    if (!writes.some(isEvent)) return proceed();
    void later(WINDOW_MS, () => proceed([writes.filter(isEvent)]));
    return proceed([writes.filter((write) => !isEvent(write))]);
  });
};

export const SABOTAGES: Readonly<Record<string, Sabotage>> = {
  'ack-before-commit': {
    explanation: 'received messages count as committed before the supervisor committed them',
    runner: acknowledgeUncommitted,
  },
  'ratchet-not-stored': {
    explanation: 'messages are confirmed to WhatsApp before ratchet and plaintext are on disk',
    runner: async () => {
      await commitsLater();
      await onCall('spool.commit', async (proceed) => later(WINDOW_MS, proceed));
    },
  },
  'new-id-on-retry': { explanation: 'a send that is tried again gets another id', runner: slowAcks, supervisor: newIds },
  'no-intent': { explanation: 'sends are handed over before they are on disk', runner: slowAcks, supervisor: acceptInMemory },
  'events-apart': { explanation: 'events are not in the commit of what they tell', supervisor: eventsLater },
  'no-history-index': { explanation: 'history does not recognise what it has', supervisor: noIndex },
};
