// The store of one slot: written by the runner that fills it, read by the supervisor.
import { openStore, type OpenOptions, type Schema } from './open-store.js';
import type { Key, Store, Write } from './store.js';

/** Tables of a slot's store, and the keys of their rows. */
export const SLOT_TABLES = {
  /** [sessionId] → Baileys' credentials, only of paired sessions. */
  creds: 'creds',
  /** [sessionId, type, id] → one Signal key. */
  keys: 'keys',
  /** [sessionId, type, id] → copy of the row of `keys` that the session's last login read, or that there is none; see `copies.ts`. */
  loginKeys: 'loginKeys',
  /** [sessionId, messageId, from, participant, index of the ciphertext, start of its hash] → what it decrypted to. */
  inbox: 'inbox',
  /** [seq] → what the supervisor has not committed yet, or only just. */
  spool: 'spool',
  /** [time, seq] → a spool row the supervisor would not take; for a person to look at. */
  setAside: 'setAside',
  /** [sessionId, messageId] → a message sent by us, kept to answer retry receipts. */
  outgoing: 'outgoing',
  /** [sessionId, messageId, chat] → what opens the votes on a poll. */
  polls: 'polls',
  /** [sessionId, n] → a restored session that was not opened yet; see `packed-session.ts`. */
  packed: 'packed',
} as const;

/** Tables whose keys begin with the session. */
export const SESSION_TABLES = [
  SLOT_TABLES.creds,
  // Before its copies: who copies a session's rows in this order never has a copy without its row.
  SLOT_TABLES.keys,
  SLOT_TABLES.loginKeys,
  SLOT_TABLES.inbox,
  SLOT_TABLES.outgoing,
  SLOT_TABLES.polls,
  SLOT_TABLES.packed,
] as const;

export const SLOT_SCHEMA: Schema = {
  // 2: `loginKeys`. A program that does not know them would write `keys` and leave the copies as they are.
  version: 2,
  readableFrom: 1,
  tables: Object.values(SLOT_TABLES),
  sealed: [SLOT_TABLES.creds, SLOT_TABLES.keys, SLOT_TABLES.loginKeys, SLOT_TABLES.polls],
  // Not the spool: what it holds is in the supervisor's history a moment later. Nor polls: without one its votes are merely not opened.
  tracked: [SLOT_TABLES.creds, SLOT_TABLES.keys, SLOT_TABLES.outgoing],
  copies: { [SLOT_TABLES.keys]: SLOT_TABLES.loginKeys },
  // libsignal makes its own of what it reads, and what it gives away is nobody else's.
  recent: (table, key) => table === SLOT_TABLES.keys && key[1] === 'session',
  migrations: {},
};

export const openSlotStore = async (path: string, options: OpenOptions = { track: false }): Promise<Store> =>
  openStore(path, SLOT_SCHEMA, options);

/** Removals of every row of a session; `spool` rows carry the session inside. */
export const rowsOf = (store: Store, sessionId: string): Write[] => {
  const removal = (table: string, key: Key): Write => ({ table, key, value: undefined });
  const byKey = SESSION_TABLES.flatMap((table) => [...store.range(table, { prefix: [sessionId] })].map(({ key }) => removal(table, key)));
  const spooled = [...store.range<{ sessionId: string }>(SLOT_TABLES.spool)].filter(({ value }) => value.sessionId === sessionId);
  return [...byKey, ...spooled.map(({ key }) => removal(SLOT_TABLES.spool, key))];
};
