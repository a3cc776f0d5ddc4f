import type { SpoolRecord } from '../../shared/ipc/protocol.js';
import type { Commits } from '../events/event-log.js';
import type { Registry } from '../placement/registry.js';
import type { History, StatusMove } from './history.js';

/** Commits what a runner received, each record once; resolves when all of it is on disk. Records of sessions that are gone are dropped. */
export const takeSpool = async (
  { store, history, registry, onMoved }: { store: Commits; history: History; registry: Registry; onMoved?: (move: StatusMove) => void },
  records: readonly SpoolRecord[],
): Promise<void> => {
  // Begun in one turn, the commits share one transaction, and each sees the one before it.
  await Promise.all(
    records
      .filter(({ sessionId }) => registry.find(sessionId)?.deleting === false)
      .map(async (record) => {
        registry.touch(record.sessionId);
        const { sessionId } = record;
        if (record.kind === 'message') {
          await store.commit(history.append(sessionId, record.message));
          return;
        }
        const { messageId, status, at } = record;
        const writes = history.advance(sessionId, messageId, status);
        await store.commit(writes);
        if (writes.length > 0) onMoved?.({ sessionId, messageId, status, at });
      }),
  );
};
