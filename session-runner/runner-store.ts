import { openStore } from '../shared/store/open-store.js';
import type { Key, Store, Write } from '../shared/store/store.js';

/** Version of the rows below; raised with a migration. */
const SCHEMA_VERSION = 1;

/** Tables of a slot's store, and the keys of their rows. */
export const TABLES = {
  /** [sessionId] → Baileys' credentials, only of paired sessions. */
  creds: 'creds',
  /** [sessionId, type, id] → one Signal key. */
  keys: 'keys',
  /** [sessionId, messageId, from, participant, index of the ciphertext] → what it decrypted to. */
  inbox: 'inbox',
  /** [seq] → what the supervisor has not committed yet, or only just. */
  spool: 'spool',
  /** [time, seq] → a spool row the supervisor would not take; for a person to look at. */
  setAside: 'setAside',
  /** [sessionId, messageId] → a message sent by us, kept to answer retry receipts. */
  outgoing: 'outgoing',
} as const;

export const openRunnerStore = async (path: string): Promise<Store> => openStore(path, Object.values(TABLES), SCHEMA_VERSION);

/** Removals of every row of a session; `spool` rows carry the session inside. */
export const rowsOf = (store: Store, sessionId: string): Write[] => {
  const removal = (table: string, key: Key): Write => ({ table, key, value: undefined });
  const byKey = [TABLES.creds, TABLES.keys, TABLES.inbox, TABLES.outgoing].flatMap((table) =>
    [...store.range(table, { prefix: [sessionId] })].map(({ key }) => removal(table, key)),
  );
  const spooled = [...store.range<{ sessionId: string }>(TABLES.spool)].filter(({ value }) => value.sessionId === sessionId);
  return [...byKey, ...spooled.map(({ key }) => removal(TABLES.spool, key))];
};
