import type { SpoolRecord } from '../../shared/ipc/protocol.js';
import type { Store } from '../../shared/store/store.js';
import type { Registry } from '../placement/registry.js';
import type { History } from './history.js';

/** Commits what a runner received, each record once; resolves when all of it is on disk. Records of sessions that are gone are dropped. */
export const takeSpool = async (
  { store, history, registry }: { store: Store; history: History; registry: Registry },
  records: readonly SpoolRecord[],
): Promise<void> => {
  // Begun in one turn, the commits share one transaction, and each sees the one before it.
  await Promise.all(
    records
      .filter(({ sessionId }) => registry.find(sessionId)?.deleting === false)
      .map(async (record) => {
        registry.touch(record.sessionId);
        await store.commit(
          record.kind === 'message'
            ? history.append(record.sessionId, record.message)
            : history.advance(record.sessionId, record.messageId, record.status),
        );
      }),
  );
};
