// An empty data folder and a bucket make a worker again: every session of this worker id, without a QR.
import { mkdirSync, rmSync } from 'node:fs';
import PQueue from 'p-queue';
import { z } from 'zod';
import type { Logger } from '../../shared/logging.js';
import { KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import { trackedSince } from '../../shared/store/open-store.js';
import { packedAuth, packedChanges, packedKeys } from '../../shared/store/packed-session.js';
import type { RowCipher } from '../../shared/store/row-cipher.js';
import { DamagedError, openJson } from '../../shared/store/sealed-json.js';
import { openSlotStore, SLOT_TABLES } from '../../shared/store/slot-store.js';
import type { Store, Write } from '../../shared/store/store.js';
import { slotFolder, slotsFolder } from '../data-folders.js';
import { chooseSlot } from '../placement/placement.js';
import { keptEvent } from '../events/kept-event.js';
import { restoreEvents } from '../events/restored-events.js';
import { newSession, SUPERVISOR_SCHEMA, TABLES, type SessionRow } from '../supervisor-store.js';
import { isNewPreKey } from './auth-rows.js';
import { listEntries, readTail, type JournalTail, type TailRow } from './journal-tail.js';
import type { Ownership } from './ownership.js';
import type { Progress } from './progress.js';
import { keyWrites } from '../messages/idempotency.js';
import { wholeIndexGap } from '../messages/index-gaps.js';
import { wantRecentDays } from './recent-days.js';
import { restoreChatRecords, restoreNewerChats } from './restore-chats.js';
import { recountMessages, restoreMessages } from './restore-messages.js';
import { readSessionFiles, type SessionFiles } from './restore-session.js';

export interface RestoreOptions {
  workerId: string;
  store: Store;
  dataDir: string;
  objects: ObjectStore;
  ownership: Ownership;
  progress: Progress;
  cipher: RowCipher | undefined;
  roomPerSlot: number;
  log: Logger;
}

export interface Restored {
  sessions: number;
  /** Keys of objects that could not be used. */
  damaged: string[];
}

const PARALLEL = 32;
const CatalogFile = z.object({ workerId: z.string(), sessions: z.array(z.string()) });
/** Rows of the supervisor's store that the description of a session holds. */
const DESCRIBED: ReadonlySet<string> = new Set([
  TABLES.sessions,
  TABLES.messageDays,
  TABLES.messageCounts,
  TABLES.settings,
  TABLES.webhookCursors,
]);
const SENT: ReadonlySet<string> = new Set([
  TABLES.intents,
  TABLES.idempotency,
  TABLES.idempotencyTimes,
  TABLES.events,
  TABLES.contacts,
  SLOT_TABLES.outgoing,
]);
const SECRET: ReadonlySet<string> = new Set([SLOT_TABLES.creds, SLOT_TABLES.keys]);
const IN_SLOT: ReadonlySet<string> = new Set([...SECRET, SLOT_TABLES.outgoing]);

/**
 * Makes this data folder the owner of the worker's sessions and brings them back. May be repeated after a crash: nothing counts before
 * the last commit.
 * @throws ObjectStoreError, SupersededError, SealedRowError
 */
export const restoreWorker = async (options: RestoreOptions): Promise<Restored> => {
  const { workerId, store, dataDir, objects, ownership, progress, cipher, log } = options;
  await store.commit(progress.restoring(true));
  await clear(store);
  rmSync(slotsFolder(dataDir), { recursive: true, force: true });
  mkdirSync(slotsFolder(dataDir), { recursive: true, mode: 0o700 });

  const at = Date.now();
  const damaged: string[] = [];
  const setAside = async (key: string, why: string): Promise<void> => {
    damaged.push(key);
    log.error({ key, why }, 'a damaged object of the object store is not used and stays as it is; a copy is set aside');
    const object = await objects.get(key);
    if (object) await objects.put(KEYS.damaged(workerId, at, key), object.body);
  };
  const onDamaged = async (key: string, error: DamagedError): Promise<void> => setAside(key, error.message);

  const standing = await ownership.standing().catch(async (error: unknown) => {
    if (!(error instanceof DamagedError)) throw error;
    await onDamaged(KEYS.owner(workerId), error);
    await objects.delete([KEYS.owner(workerId)]);
    return undefined;
  });
  const entries = (await listEntries(objects, workerId)).filter(
    ({ term, number }) => !standing || term >= standing.owner.term || number <= standing.after,
  );
  let lastNumber = Math.max(standing?.after ?? 0, ...entries.map(({ number }) => number));
  const lastTerm = Math.max(standing?.owner.term ?? 0, ...entries.map(({ term }) => term));
  const owner = await ownership.take(standing, lastTerm, lastNumber);
  const tail = await readTail(
    objects,
    entries.map(({ key }) => key),
    onDamaged,
    log,
  );

  const slots = new SlotStores(dataDir, cipher);
  const placed = new Map<number, number>();
  let sessions = 0;
  try {
    const queue = new PQueue({ concurrency: PARALLEL });
    const ids = new Set([...(await listSessions(objects, workerId, onDamaged)), ...tail.rows.keys()]);
    await queue.addAll(
      [...ids].map((sessionId) => async () => {
        const found = await readSessionFiles(objects, workerId, sessionId, cipher);
        if (!found) return;
        lastNumber = Math.max(lastNumber, numberOf(found));
        const files = ownFiles(found, tail, store);
        for (const { key, why } of files.damaged) await setAside(key, why);
        const rows = newerThan(files, tail);
        const row = sessionRowOf(files, rows, store, at);
        // Deleted: what is left of it is a deletion to be finished.
        if (!row)
          return store.commitRaw(
            rows.filter(({ table }) => table === TABLES.deletions),
            { tracked: false },
          );
        const slot = chooseSlot(placed, options.roomPerSlot);
        placed.set(slot, (placed.get(slot) ?? 0) + 1);
        sessions++;
        const slotStore = await slots.of(slot);
        await slotStore.commit(slotWrites(files, rows), { tracked: false });
        await store.commit(sendWrites(files), { tracked: false });
        await restoreChatRecords(store, files);
        await restoreMessages({ store, objects, sessionId, data: files.data, rows, onDamaged });
        await store.commitRaw(
          rows.filter(({ table }) => !IN_SLOT.has(table) && !DESCRIBED.has(table)),
          { tracked: false },
        );
        await recountMessages(store, sessionId);
        await restoreNewerChats(store, sessionId, rows);
        await restoreEvents(store, row, { term: owner.term, at, last: files.data?.lastEvent });
        const dirtySince = tail.since.get(sessionId);
        await store.commit(
          [
            { table: TABLES.sessions, key: [sessionId], value: { ...row, slot, epoch: row.epoch + 1 } },
            ...settingsWrites(files, rows, store),
            ...cursorWrites(files, rows, store),
            ...progress.checkpoint(
              sessionId,
              files.data && { number: files.data.checkpoint, hasAuth: files.data.hasAuth, hasSends: files.data.hasSends },
            ),
            ...progress.saveKeys(sessionId, files.auth?.keys?.saved),
            ...progress.madePreKeys(sessionId, Math.max(0, ...rows.filter(isNewPreKey).map(({ number }) => number))),
            ...wantRecentDays(sessionId, at),
            wholeIndexGap(sessionId),
            ...(dirtySince === undefined ? [] : progress.soil(sessionId, { number: dirtySince, at })),
          ],
          { tracked: false },
        );
      }),
    );
    await store.commit([
      ...[...slots.opened].flatMap(([slot, slotStore]) =>
        progress.shipped(`runners/${slot}`, trackedSince(slotStore) ?? '', slotStore.lastChange),
      ),
      ...progress.shipped('supervisor', trackedSince(store) ?? '', store.lastChange),
      ...progress.shippedEntry(lastNumber),
      ...progress.own(owner),
      ...progress.restoring(false),
    ]);
    return { sessions, damaged };
  } finally {
    await slots.close();
  }
};

/** What an interrupted restore left. */
const clear = async (store: Store): Promise<void> => {
  for (const table of [...SUPERVISOR_SCHEMA.tables].filter((name) => name !== TABLES.spawns)) {
    const rows = [...store.rawRange(table)].filter(({ key }) => table !== TABLES.replication || key[0] !== 'restoring');
    for (let from = 0; from < rows.length; from += 1_000) {
      await store.commit(
        rows.slice(from, from + 1_000).map(({ key }) => ({ table, key, value: undefined })),
        { tracked: false },
      );
    }
  }
};

/** Ids from the list the worker keeps; without it, those of every session there is. */
const listSessions = async (
  objects: ObjectStore,
  workerId: string,
  onDamaged: (key: string, error: DamagedError) => Promise<void>,
): Promise<string[]> => {
  const key = KEYS.catalog(workerId);
  const object = await objects.get(key);
  if (object) {
    try {
      const parsed = CatalogFile.safeParse(openJson(object.body.toString()));
      if (parsed.success && parsed.data.workerId === workerId) return parsed.data.sessions;
      throw new DamagedError('the content has another shape');
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      await onDamaged(key, error);
    }
  }
  const found = [];
  for await (const { key: candidate } of objects.list(KEYS.sessionsPrefix)) {
    const match = /^sessions\/([A-Za-z0-9_-]{1,100})\/session-data\.json$/.exec(candidate);
    if (match?.[1] !== undefined) found.push(match[1]);
  }
  return found;
};

/**
 * The newest journal number that the files know. Nothing may be left of the journal when they have everything; and what is numbered as if
 * it were older than they are would be passed over.
 */
const numberOf = ({ data, auth, sends }: SessionFiles): number =>
  Math.max(0, data?.checkpoint ?? 0, ...[data, auth, auth?.keys?.saved, sends].map((file) => file?.generation ?? 0));

/** None when they are those of a deleted session of the same name, which are still to be removed: nothing of it is the new one's. */
const ownFiles = (files: SessionFiles, tail: JournalTail, store: Store): SessionFiles => {
  const { sessionId, data } = files;
  const newest = [...(tail.rows.get(sessionId)?.values() ?? [])].find(({ table }) => table === TABLES.sessions);
  if (!data || !newest?.value || newest.number <= data.generation) return files;
  const { createdAt } = store.decode(TABLES.sessions, newest.key, newest.value) as SessionRow;
  return createdAt === data.row.createdAt ? files : { sessionId, data: undefined, auth: undefined, sends: undefined, damaged: [] };
};

/** Rows of the journal that the files of the session do not include. */
const newerThan = ({ sessionId, data, auth, sends }: SessionFiles, tail: JournalTail): TailRow[] => {
  const included = (table: string): number => {
    if (SECRET.has(table)) return auth?.generation ?? 0;
    if (SENT.has(table)) return sends?.generation ?? data?.checkpoint ?? 0;
    return (DESCRIBED.has(table) ? data?.generation : data?.checkpoint) ?? 0;
  };
  return [...(tail.rows.get(sessionId)?.values() ?? [])].filter(({ table, number }) => number > included(table));
};

/** Undefined when the session was deleted. A session with an object that cannot be used is shown as an error and never connects. */
const sessionRowOf = (
  { sessionId, data, damaged }: SessionFiles,
  rows: readonly TailRow[],
  store: Store,
  now: number,
): SessionRow | undefined => {
  const newest = rows.find(({ table }) => table === TABLES.sessions);
  if (newest && newest.value === undefined) return undefined;
  if (!newest && !data && damaged.length === 0) return undefined;
  const row = newest?.value ? (store.decode(TABLES.sessions, newest.key, newest.value) as SessionRow) : data?.row;
  if (damaged.length === 0) return row;
  return {
    ...newSession(sessionId, now),
    ...row,
    state: 'error',
    reason: 'storage_corrupt',
    desired: 'disconnected',
    seq: (row?.seq ?? 0) + 1,
    since: now,
  };
};

/** Encrypted anew: with the first key, or where there was none. */
const settingsWrites = ({ sessionId, data }: SessionFiles, rows: readonly TailRow[], store: Store): Write[] => {
  const table = TABLES.settings;
  const newest = rows.find((row) => row.table === table);
  const stored = newest ? newest.value : data?.settings === undefined ? undefined : Buffer.from(data.settings, 'base64');
  return stored ? [{ table, key: [sessionId], value: store.decode(table, [sessionId], stored) }] : [];
};

const cursorWrites = ({ sessionId, data }: SessionFiles, rows: readonly TailRow[], store: Store): Write[] => {
  const table = TABLES.webhookCursors;
  const newest = rows.find((row) => row.table === table);
  const value = newest ? newest.value && store.decode(table, [sessionId], newest.value) : data?.webhookCursor;
  return value === undefined ? [] : [{ table, key: [sessionId], value }];
};

const slotWrites = ({ sessionId, auth, sends }: SessionFiles, rows: readonly TailRow[]): Write[] => {
  const changed = rows.filter(({ table }) => SECRET.has(table) || table === SLOT_TABLES.outgoing);
  return [
    ...(auth ? [packedAuth(sessionId, auth.object)] : []),
    ...(auth?.keys ? [packedKeys(sessionId, auth.keys.object)] : []),
    ...(changed.length > 0 ? [packedChanges(sessionId, 1, changed)] : []),
    ...(sends?.outgoing ?? []).map(([messageId, value]) => ({ table: SLOT_TABLES.outgoing, key: [sessionId, messageId], value })),
  ];
};

const sendWrites = ({ sessionId, sends }: SessionFiles): Write[] => [
  ...(sends?.intents ?? []).map((intent) => ({ table: TABLES.intents, key: [sessionId, intent.order], value: intent })),
  ...(sends?.idempotency ?? []).flatMap(([key, row]) => keyWrites(sessionId, key, row)),
  ...(sends?.events ?? []).map(([seq, value]) => ({ table: TABLES.events, key: [sessionId, seq], value: keptEvent(value) })),
];

/** The stores of slots while nobody else uses them. */
class SlotStores {
  readonly #dataDir: string;
  readonly #cipher: RowCipher | undefined;
  readonly #opening = new Map<number, Promise<Store>>();
  readonly opened = new Map<number, Store>();

  constructor(dataDir: string, cipher: RowCipher | undefined) {
    this.#dataDir = dataDir;
    this.#cipher = cipher;
  }

  async of(slot: number): Promise<Store> {
    const known = this.#opening.get(slot);
    if (known) return known;
    const opening = openSlotStore(slotFolder(this.#dataDir, slot), { cipher: this.#cipher, track: true }).then((store) => {
      this.opened.set(slot, store);
      return store;
    });
    this.#opening.set(slot, opening);
    return opening;
  }

  async close(): Promise<void> {
    await Promise.all([...this.opened.values()].map(async (store) => store.close()));
  }
}
