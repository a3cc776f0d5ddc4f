// Moves sessions out of slots that are no longer used, and clears what an interrupted move left. At every line the catalog's home slot says which
// copy of a session counts: until it is committed the old one, from then on the new one.
import { existsSync } from 'node:fs';
import type { Logger } from '../../shared/logging.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import {
  batchesOf,
  loggedOf,
  missingSpool,
  placesToTell,
  quietRemovals,
  rawRowsOf,
  rawSpoolOf,
  sessionsIn,
  spooledIn,
} from '../../shared/store/slot-sessions.js';
import { openSlotStore, SLOT_SCHEMA, SLOT_TABLES } from '../../shared/store/slot-store.js';
import { StoreReader } from '../../shared/store/store-reader.js';
import type { Store } from '../../shared/store/store.js';
import { slotFolder, slotsIn } from '../data-folders.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';

export interface RelocationOptions {
  /** The supervisor's. No runner works in any slot, and nobody has read the catalog yet. */
  store: Store;
  dataDir: string;
  /** Slots below this one are used. */
  slots: number;
  /** Whether a session of a slot beyond them stays there, given how many live there; none does unless given. */
  stays?: (row: Readonly<SessionRow>, inSlot: number) => boolean;
  /** Answers a slot for one more session, given how many each has; `slots` or more when none has room. */
  chooseSlot: (occupied: ReadonlyMap<number, number>) => number;
  cipher: RowCipher | undefined;
  /** Whether changes are shipped to an object store. */
  track: boolean;
  log: Logger;
  /** Called before each step that changes something on the disk. */
  onStep?: (step: string) => void;
}

/** Moves every session whose home slot is no longer used to one with room, then removes what is in slots where it does not belong. */
export const emptySlots = async (options: RelocationOptions): Promise<void> => {
  const { store, slots, stays = () => false, chooseSlot, log } = options;
  const rows = [...store.range<SessionRow>(TABLES.sessions)].map(({ value }) => value);
  const occupied = new Map<number, number>();
  for (const { slot } of rows) if (slot !== undefined) occupied.set(slot, (occupied.get(slot) ?? 0) + 1);
  for (const row of rows) {
    if (row.slot === undefined || row.slot < slots || stays(row, occupied.get(row.slot) ?? 0)) continue;
    const target = chooseSlot(occupied);
    if (target >= slots) {
      log.warn({ sessionId: row.sessionId, slot: row.slot }, 'a session stays in a slot beyond the configured ones: no other has room');
      continue;
    }
    await move(options, row, row.slot, target);
    occupied.set(target, (occupied.get(target) ?? 0) + 1);
    log.info({ sessionId: row.sessionId, from: row.slot, to: target }, 'a session was moved to another slot');
  }
  await removeStrays(options);
};

/** Removes rows of sessions from slots that are not their home, and of sessions that are no more; what was received stays or moves home. */
const removeStrays = async (options: RelocationOptions): Promise<void> => {
  const { store, dataDir, slots, log } = options;
  for (const slot of slotsIn(dataDir)) {
    const homeOf = (sessionId: string): SessionRow | undefined => store.get<SessionRow>(TABLES.sessions, [sessionId]);
    const found = await present(options, slot);
    const strays = [...found.rows].filter((sessionId) => homeOf(sessionId)?.slot !== slot);
    // The runner of a slot in use ships its spool, whosever records these are; for one that has none this has to be done.
    const spooled = [...found.spooled].filter((sessionId) => {
      const row = homeOf(sessionId);
      return !row || (slot >= slots && row.slot !== undefined && row.slot !== slot);
    });
    if (strays.length === 0 && spooled.length === 0) continue;
    await withSlot(options, slot, async (from) => {
      for (const sessionId of new Set([...strays, ...spooled])) {
        const home = homeOf(sessionId)?.slot;
        if (home !== undefined) {
          await withSlot(options, home, async (to) => {
            await tellObjectStore(options, to, from, sessionId);
            if (spooled.includes(sessionId)) await copySpool(options, from, to, sessionId);
          });
        }
        options.onStep?.('remove');
        const spool = spooled.includes(sessionId) ? rawSpoolOf(from, sessionId) : [];
        const removals = spool.map(({ key }) => ({ table: SLOT_TABLES.spool, key, value: undefined }));
        await from.commit([...quietRemovals(from, sessionId), ...removals], { tracked: false });
        log.info({ sessionId, slot, home }, 'rows of a session were removed from a slot that is not its home');
      }
    });
  }
};

const move = async (options: RelocationOptions, row: SessionRow, source: number, target: number): Promise<void> => {
  const { sessionId } = row;
  if (existsSync(slotFolder(options.dataDir, source))) {
    await withSlot(options, source, async (from) =>
      withSlot(options, target, async (to) => {
        options.onStep?.('clear');
        await to.commit(quietRemovals(to, sessionId), { tracked: false });
        for (const batch of batchesOf(rawRowsOf(from, sessionId))) {
          options.onStep?.('copy');
          await to.commitRaw(batch, { tracked: false });
        }
        await copySpool(options, from, to, sessionId);
      }),
    );
  }
  options.onStep?.('catalog');
  await options.store.commit([{ table: TABLES.sessions, key: [sessionId], value: { ...row, slot: target, epoch: row.epoch + 1 } }]);
};

/** Records that are there already, from a move that was interrupted, are not copied again. */
const copySpool = async ({ onStep }: RelocationOptions, from: Store, to: Store, sessionId: string): Promise<void> => {
  const missing = missingSpool(to, rawSpoolOf(from, sessionId), sessionId);
  const [last] = to.rawRange(SLOT_TABLES.spool, { reverse: true, limit: 1 });
  const next = Number(last?.key[0] ?? 0) + 1;
  for (const batch of batchesOf(missing.map(({ value }, index) => ({ table: SLOT_TABLES.spool, key: [next + index], value })))) {
    onStep?.('spool');
    await to.commitRaw(batch, { tracked: false });
  }
};

/** The rows came in silently; only now, that they count, they are changes to ship. */
const tellObjectStore = async ({ track, onStep }: RelocationOptions, home: Store, source: Store, sessionId: string): Promise<void> => {
  if (!track) return;
  for (const batch of batchesOf(placesToTell(home, loggedOf(source, sessionId), sessionId))) {
    onStep?.('log');
    await home.markChanged(batch);
  }
};

/** Looked up without writing: most starts find nothing to do. */
const present = async (
  { dataDir, cipher }: Pick<RelocationOptions, 'dataDir' | 'cipher'>,
  slot: number,
): Promise<{ rows: Set<string>; spooled: Set<string> }> => {
  const reader = StoreReader.open(slotFolder(dataDir, slot), { ...SLOT_SCHEMA, cipher });
  if (!reader) return { rows: new Set(), spooled: new Set() };
  try {
    return { rows: sessionsIn(reader), spooled: spooledIn(reader) };
  } finally {
    await reader.close();
  }
};

const withSlot = async <T>({ dataDir, cipher, track }: RelocationOptions, slot: number, work: (store: Store) => Promise<T>): Promise<T> => {
  const store = await openSlotStore(slotFolder(dataDir, slot), { cipher, track });
  try {
    return await work(store);
  } finally {
    await store.close();
  }
};
