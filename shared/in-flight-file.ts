// `in-flight` in a slot's folder: what its runner is doing for which session, to be read when the runner has died.
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** In the order of their bits. */
export const OPERATIONS = ['connect', 'decrypt', 'send'] as const;
export type Operation = (typeof OPERATIONS)[number];

/** A byte with the bits of the operations under way, a byte with the length of the id, and room for the longest id. */
export const RECORD_BYTES = 102;

/** A session that the runner has worked for. */
export interface InFlight {
  sessionId: string;
  /** Under way; empty between two. */
  operations: Operation[];
}

export const inFlightFile = (slotFolder: string): string => join(slotFolder, 'in-flight');

/** @param sessionId at most 100 characters of ASCII */
export const encodeRecord = (sessionId: string, mask: number): Buffer => {
  const record = Buffer.alloc(RECORD_BYTES);
  record[0] = mask;
  record[1] = sessionId.length;
  record.write(sessionId, 2, 'latin1');
  return record;
};

/** Bits of operations this program does not know, and records that were not written to their end, are passed over. */
export const decodeRecords = (bytes: Buffer): InFlight[] => {
  const records: InFlight[] = [];
  for (let at = 0; at + RECORD_BYTES <= bytes.length; at += RECORD_BYTES) {
    const mask = bytes[at] ?? 0;
    const length = bytes[at + 1] ?? 0;
    if (length === 0 || length > RECORD_BYTES - 2) continue;
    records.push({
      sessionId: bytes.toString('latin1', at + 2, at + 2 + length),
      operations: OPERATIONS.filter((_, bit) => (mask & (1 << bit)) !== 0),
    });
  }
  return records;
};

/**
 * What the runner of a slot left; empty when it wrote nothing. The file is removed: a runner that dies before it writes must not be
 * judged by the marks of the one before.
 */
export const takeInFlight = (slotFolder: string): InFlight[] => {
  const file = inFlightFile(slotFolder);
  try {
    return decodeRecords(readFileSync(file));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  } finally {
    rmSync(file, { force: true });
  }
};
