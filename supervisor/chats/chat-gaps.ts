// Chats of messages that were kept before there was a list of chats, or whose list did not come back.
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import { HistoryBackfill, NEWEST } from '../messages/history-backfill.js';
import type { RemoteHistory } from '../messages/remote-history.js';
import { TABLES } from '../supervisor-store.js';
import { noteMessage } from './chat-rows.js';

/** The chats of this session's history are to be looked for in all of it. */
export const wholeGap = (sessionId: string): Write => ({ table: TABLES.chatGaps, key: [sessionId], value: NEWEST });

/** Gaps for the sessions of a store that had no list of chats. */
export function* migrateChats(store: Store): Generator<Write[]> {
  yield [...store.range('sessions')].map(({ key }) => ({ table: 'chatGaps', key, value: NEWEST }));
}

interface ChatGapsOptions {
  store: Store;
  remote: RemoteHistory | undefined;
  log: Logger;
  retryMs?: number;
}

/** Finds them. */
export const chatGaps = (options: ChatGapsOptions): HistoryBackfill =>
  new HistoryBackfill({
    ...options,
    gaps: TABLES.chatGaps,
    note: (draft, sessionId, found) => {
      for (const { position, message } of found) if (message) noteMessage(draft, sessionId, position, message, { old: true, away: true });
    },
    tracked: true,
    complaint: 'the chats of earlier messages could not all be found; it goes on later',
  });
