// The index of messages that came back with the object store alone: by it they are found by their ids, and known when they come again.
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import { TABLES } from '../supervisor-store.js';
import { HistoryBackfill, NEWEST } from './history-backfill.js';
import { indexKey, type Place } from './message-index.js';
import type { RemoteHistory } from './remote-history.js';

/** All messages of the session that are only in the object store lack it. */
export const wholeIndexGap = (sessionId: string): Write => ({ table: TABLES.indexGaps, key: [sessionId], value: NEWEST });

interface IndexGapsOptions {
  store: Store;
  remote: RemoteHistory | undefined;
  log: Logger;
  retryMs?: number;
}

/** Any part of a day that is in the object store: such messages are found by their place alone. */
const REMOTE_PART = 0;

export const indexGaps = (options: IndexGapsOptions): HistoryBackfill =>
  new HistoryBackfill({
    ...options,
    gaps: TABLES.indexGaps,
    note: (draft, sessionId, found) => {
      for (const { position, message } of found) {
        // What a placeholder stands for may still come, and has to find no trace of it; see `evictWrites`.
        if (!message || message.type === 'undecryptable') continue;
        const key = indexKey(sessionId, message);
        if (draft.get(TABLES.messageIndex, key) === undefined)
          draft.put(TABLES.messageIndex, key, [...position, REMOTE_PART] satisfies Place);
      }
    },
    // It follows from the files.
    tracked: false,
    complaint: 'earlier messages could not all be indexed; it goes on later',
  });
