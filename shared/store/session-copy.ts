// What the supervisor reads of a session in the store of one slot, in a file for the runner of another: no process opens a store that another writes.
import { readFileSync, writeFileSync } from 'node:fs';
import { Packr } from 'msgpackr';
import type { RawRow } from './change-log.js';
import { isReadable, schemaVersionOf } from './open-store.js';
import { loggedOf, rawRowsOf, rawSpoolOf, type Place } from './slot-sessions.js';
import { SLOT_SCHEMA } from './slot-store.js';
import type { Key, Row } from './store.js';
import type { StoreReader } from './store-reader.js';

/** Rows as they lie in their store: encrypted where they are encrypted there. */
export interface SessionCopy {
  rows: RawRow[];
  spool: Row<Buffer>[];
}

interface Packed {
  schemaVersion: number | undefined;
  rows?: [table: string, key: Key, value: Buffer][];
  spool?: [key: Key, value: Buffer][];
  logged?: Place[];
}

const packr = new Packr({ useRecords: false, copyBuffers: true });

const write = (path: string, packed: Packed): void => {
  writeFileSync(path, packr.pack(packed), { mode: 0o600, flag: 'wx' });
};

const read = (path: string): Packed => {
  const packed = packr.unpack(readFileSync(path)) as Packed;
  if (!isReadable(packed.schemaVersion, SLOT_SCHEMA)) throw new Error('the store it comes from has another schema');
  return packed;
};

/** Everything that is stored of the session but what the supervisor has. */
export const writeCopy = (path: string, reader: StoreReader, sessionId: string): void => {
  reader.refresh();
  write(path, {
    schemaVersion: schemaVersionOf(reader),
    rows: [...rawRowsOf(reader, sessionId)].map(({ table, key, value }) => [table, key, value]),
    spool: rawSpoolOf(reader, sessionId).map(({ key, value }) => [key, value]),
  });
};

/** @throws Error when it was written by another version */
export const readCopy = (path: string): SessionCopy => {
  const { rows = [], spool = [] } = read(path);
  return {
    rows: rows.map(([table, key, value]) => ({ table, key, value })),
    spool: spool.map(([key, value]) => ({ key, value })),
  };
};

/** Which rows of the session the change log has. */
export const writeLog = (path: string, reader: StoreReader, sessionId: string): void => {
  reader.refresh();
  write(path, { schemaVersion: schemaVersionOf(reader), logged: loggedOf(reader, sessionId) });
};

/** @throws Error when it was written by another version */
export const readLog = (path: string): Place[] => read(path).logged ?? [];
