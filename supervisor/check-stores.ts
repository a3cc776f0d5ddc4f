// Whether the stores of a data folder can be read and agree with each other. Changes nothing; nobody may write them meanwhile.
import { isDeepStrictEqual } from 'node:util';
import { checkRows, Findings, openChecked, type Finding } from '../shared/store/check-store.js';
import { copyOf } from '../shared/store/copies.js';
import type { RowCipher } from '../shared/store/row-cipher.js';
import { sessionsIn, spooledIn } from '../shared/store/slot-sessions.js';
import { SLOT_SCHEMA, SLOT_TABLES } from '../shared/store/slot-store.js';
import type { StoreReader } from '../shared/store/store-reader.js';
import { checkChats } from './check-chats.js';
import { checkEvents } from './check-events.js';
import { checkMessages } from './check-messages.js';
import { slotFolder, slotsIn, supervisorFolder } from './data-folders.js';
import { SESSION_TABLES, SUPERVISOR_SCHEMA, TABLES, type SessionRow } from './supervisor-store.js';

const LAST = '\u{10ffff}\u{10ffff}';

export const checkStores = async (dataDir: string, cipher: RowCipher | undefined): Promise<Finding[]> => {
  const findings = new Findings('supervisor');
  const reader = openChecked(supervisorFolder(dataDir), SUPERVISOR_SCHEMA, cipher, findings);
  if (!reader) return findings.list;
  try {
    reader.refresh();
    if (!checkRows(reader, SUPERVISOR_SCHEMA, findings)) return findings.list;
    const sessions = new Map([...reader.range<SessionRow>(TABLES.sessions)].map(({ value }) => [value.sessionId, value]));
    for (const sessionId of sessions.keys()) {
      checkMessages(reader, sessionId, findings);
      checkChats(reader, sessionId, findings);
      checkEvents(reader, sessionId, findings);
    }
    for (const sessionId of ownersIn(reader))
      if (!sessions.has(sessionId)) findings.warning(`there are rows of ${sessionId}, which is no session`);
    const slots = await Promise.all(slotsIn(dataDir).map(async (slot) => checkSlot(dataDir, slot, sessions, cipher)));
    const missing = [...sessions.values()].filter(({ paired, slot }) => paired && !slotsIn(dataDir).includes(slot ?? -1));
    for (const { sessionId } of missing) findings.error(`session ${sessionId} is paired, and the store of its slot is missing`);
    return [...findings.list, ...slots.flat()];
  } finally {
    await reader.close();
  }
};

const checkSlot = async (
  dataDir: string,
  slot: number,
  sessions: ReadonlyMap<string, SessionRow>,
  cipher: RowCipher | undefined,
): Promise<Finding[]> => {
  const findings = new Findings(`runners/${slot}`);
  const reader = openChecked(slotFolder(dataDir, slot), SLOT_SCHEMA, cipher, findings);
  if (!reader) return findings.list;
  try {
    reader.refresh();
    if (!checkRows(reader, SLOT_SCHEMA, findings)) return findings.list;
    for (const sessionId of sessionsIn(reader)) {
      if (sessions.get(sessionId)?.slot !== slot) findings.warning(`there are rows of session ${sessionId}, whose home this is not`);
    }
    for (const { key, value } of reader.range(SLOT_TABLES.loginKeys)) {
      if (!isDeepStrictEqual(value, copyOf(reader.get(SLOT_TABLES.keys, key))))
        findings.error(`the copy of key ${key.join('/')} is not what it is`);
    }
    for (const sessionId of spooledIn(reader)) {
      if (!sessions.has(sessionId)) findings.warning(`there are received records of ${sessionId}, which is no session`);
    }
    for (const { sessionId, slot: home, paired } of sessions.values()) {
      if (home === slot && paired && !hasCredentials(reader, sessionId))
        findings.error(`session ${sessionId} is paired and has no credentials`);
    }
    return findings.list;
  } finally {
    await reader.close();
  }
};

/** A restored session has them packed until it is opened. */
const hasCredentials = (reader: StoreReader, sessionId: string): boolean =>
  reader.get(SLOT_TABLES.creds, [sessionId]) !== undefined || reader.count(SLOT_TABLES.packed, [sessionId]) > 0;

const ownersIn = (reader: StoreReader): Set<string> => {
  const owners = new Set<string>();
  for (const table of SESSION_TABLES) {
    for (
      let [row] = reader.rawRange(table, { limit: 1 });
      row;
      [row] = reader.rawRange(table, { from: [String(row.key[0]), LAST], limit: 1 })
    ) {
      owners.add(String(row.key[0]));
    }
  }
  return owners;
};
