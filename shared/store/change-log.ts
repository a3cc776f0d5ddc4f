// Which rows of a store changed, in the order of the commits: what the object store does not have yet.
import type { Key } from './store.js';

export const CHANGES = 'changes';

/** A row of the change log: [n] → the keys one commit touched, each with its table first. */
export type ChangedKeys = Key[];

/** A row as it lies in the store, still encoded and perhaps sealed. `value: undefined` means it was removed. */
export interface RawRow {
  table: string;
  key: Key;
  value: Buffer | undefined;
}

/**
 * Rows changed by the commits `from`+1 to `to`, with their values at the moment of reading. They may be newer than `to`: the rows are
 * consistent only together with the changes up to `seen`.
 */
export interface ChangeBatch {
  from: number;
  to: number;
  seen: number;
  rows: RawRow[];
}

/** What reading changes needs of a store, whether it is written by this process or by another. */
export interface ChangeSource {
  /** Change-log rows after `from`, in order. */
  changes(from: number): Iterable<{ n: number; keys: ChangedKeys }>;
  /** Number of the last commit. */
  lastChange(): number;
  raw(table: string, key: Key): Buffer | undefined;
}

const ROW_OVERHEAD_BYTES = 64;

/** The next changes after `from`, about `maxBytes` of them but at least one commit; undefined when there are none. */
export const readChanges = (source: ChangeSource, from: number, maxBytes: number): ChangeBatch | undefined => {
  const rows = new Map<string, RawRow>();
  let to = from;
  let bytes = 0;
  for (const { n, keys } of source.changes(from)) {
    if (bytes > maxBytes) break;
    for (const [table, ...key] of keys) {
      const id = JSON.stringify([table, ...key]);
      if (rows.has(id)) continue;
      const value = source.raw(String(table), key);
      rows.set(id, { table: String(table), key, value });
      bytes += ROW_OVERHEAD_BYTES + (value?.byteLength ?? 0);
    }
    to = n;
  }
  return to === from ? undefined : { from, to, seen: source.lastChange(), rows: [...rows.values()] };
};
