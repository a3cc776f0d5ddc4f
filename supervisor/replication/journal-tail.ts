// What the journal still holds, reduced to the newest row of every place.
import PQueue from 'p-queue';
import type { Logger } from '../../shared/logging.js';
import { entryNumberOf, KEYS } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { RawRow } from '../../shared/store/change-log.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import { decodeEntry, type JournalEntry, type StoreChanges } from './journal-entry.js';

export interface TailRow extends RawRow {
  /** Number of the journal object. */
  number: number;
  store: string;
}

export interface JournalTail {
  /** By session, then by place; the newest of each. */
  rows: ReadonlyMap<string, ReadonlyMap<string, TailRow>>;
  /** First number in which a session occurs. */
  since: ReadonlyMap<string, number>;
}

const PARALLEL = 8;

/** Keys of the journal objects that count, in their order. */
export const listEntries = async (objects: ObjectStore, workerId: string): Promise<{ key: string; term: number; number: number }[]> => {
  const entries = [];
  for await (const { key } of objects.list(KEYS.entries(workerId))) {
    const entry = entryNumberOf(key);
    if (entry) entries.push({ key, ...entry });
  }
  return entries;
};

/** @param onDamaged an object that cannot be read; the others are read nevertheless @throws ObjectStoreError */
export const readTail = async (
  objects: ObjectStore,
  keys: readonly string[],
  onDamaged: (key: string, error: DamagedError) => Promise<void>,
  log: Logger,
): Promise<JournalTail> => {
  const rows = new Map<string, Map<string, TailRow>>();
  const since = new Map<string, number>();
  const apply = (store: string, number: number, changed: readonly RawRow[]): void => {
    for (const row of changed) {
      const sessionId = String(row.key[0]);
      if (!since.has(sessionId)) since.set(sessionId, number);
      const places = rows.get(sessionId) ?? new Map<string, TailRow>();
      const place = JSON.stringify([row.table, ...row.key]);
      // A group that waited for its end may be older than what the session's next home told meanwhile.
      if ((places.get(place)?.number ?? 0) <= number) places.set(place, { ...row, number, store });
      rows.set(sessionId, places);
    }
  };
  const pending = new Map<string, { number: number; changes: StoreChanges }[]>();
  const take = ({ number, stores }: JournalEntry): void => {
    for (const changes of stores) {
      // Rows may be newer than the object says, and are consistent only once everything seen at their reading has followed.
      const group = [...(pending.get(changes.store) ?? []), { number, changes }];
      const seen = Math.max(...group.map((member) => member.changes.seen));
      if (changes.to < seen) {
        pending.set(changes.store, group);
        continue;
      }
      pending.delete(changes.store);
      for (const member of group) apply(changes.store, member.number, member.changes.rows);
    }
  };

  const queue = new PQueue({ concurrency: PARALLEL });
  for (let at = 0; at < keys.length; at += PARALLEL) {
    const entries = await queue.addAll(keys.slice(at, at + PARALLEL).map((key) => async () => readEntry(objects, key, onDamaged)));
    for (const entry of entries) if (entry) take(entry);
  }
  for (const [store, group] of pending) {
    log.warn({ store, objects: group.length }, 'the end of the journal is incomplete for this store and was left out');
    // History has no order that could break.
    if (store === 'supervisor') for (const { number, changes } of group) apply(store, number, changes.rows);
  }
  return { rows, since };
};

const readEntry = async (
  objects: ObjectStore,
  key: string,
  onDamaged: (key: string, error: DamagedError) => Promise<void>,
): Promise<JournalEntry | undefined> => {
  const object = await objects.get(key);
  if (!object) return undefined;
  try {
    return await decodeEntry(object.body);
  } catch (error) {
    if (!(error instanceof DamagedError)) throw error;
    await onDamaged(key, error);
    return undefined;
  }
};
