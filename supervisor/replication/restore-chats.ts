// The list of chats of a session after a restore: as its files have it, and what follows from the journal.
import type { Message } from '../../shared/domain/message.js';
import type { Store } from '../../shared/store/store.js';
import { chatRecordWrites, lidWrite } from '../chats/chat-records.js';
import { wholeGap } from '../chats/chat-gaps.js';
import { noteMessage } from '../chats/chat-rows.js';
import { Draft } from '../chats/draft.js';
import type { Position } from '../messages/part-spans.js';
import { TABLES, type ContactRow } from '../supervisor-store.js';
import type { TailRow } from './journal-tail.js';
import type { SessionFiles } from './restore-session.js';

/** Messages of one commit. */
const AT_ONCE = 200;

/** To be called before the rows of the journal are committed. */
export const restoreChatRecords = async (store: Store, { sessionId, sends, data }: SessionFiles): Promise<void> => {
  if (sends?.chats) await store.commit(chatRecordWrites(sessionId, sends.chats), { tracked: false });
  else if (Object.keys(data?.days ?? {}).length > 0) await store.commit([wholeGap(sessionId)], { tracked: false });
};

/** Then, what those rows say of chats. */
export const restoreNewerChats = async (store: Store, sessionId: string, rows: readonly TailRow[]): Promise<void> => {
  const lids = rows.flatMap(({ table, key, value }) =>
    table === TABLES.contacts && value ? lidWrite(sessionId, String(key[2]), (store.decode(table, key, value) as ContactRow).lid) : [],
  );
  await store.commit(lids, { tracked: false });
  const messages = rows.filter(({ table, value }) => table === TABLES.messages && value !== undefined);
  for (let from = 0; from < messages.length; from += AT_ONCE) {
    const draft = new Draft(store);
    for (const { table, key, value } of messages.slice(from, from + AT_ONCE)) {
      if (!value) continue;
      const place: Position = [Number(key[1]), Number(key[2])];
      noteMessage(draft, sessionId, place, store.decode(table, key, value) as Message, { away: true });
    }
    await store.commit(draft.writes, { tracked: false });
  }
};
