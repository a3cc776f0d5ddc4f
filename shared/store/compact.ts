// LMDB gives no page back to the disk: a store that was large once stays so until it is written anew.
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { open } from 'lmdb';
import { MAX_TABLES } from './rows.js';
import { assertSoundFile, dataFile, fileUse } from './store-file.js';

const WORTH_BYTES = 64 * 1024 * 1024;

export interface Compaction {
  bytesBefore: number;
  bytesAfter: number;
}

/** True for a large file of which more than half is free. */
export const shouldCompact = (folder: string): boolean => {
  const { bytes, usedBytes } = fileUse(folder) ?? { bytes: 0, usedBytes: 0 };
  return bytes > WORTH_BYTES && usedBytes * 2 < bytes;
};

/**
 * Writes the store in `folder` anew, without its free pages. No process may have it open. The new file takes the place of the old one in one
 * step, when all of it is on the disk.
 * @throws StoreRefusedError
 */
export const compactStore = async (folder: string): Promise<Compaction> => {
  assertSoundFile(folder, 'write');
  const bytesBefore = statSync(dataFile(folder)).size;
  const next = join(folder, 'compact');
  // What an earlier one that was killed left.
  rmSync(next, { recursive: true, force: true });
  mkdirSync(next, { mode: 0o700 });
  try {
    const root = open({ path: folder, readOnly: true, maxDbs: MAX_TABLES });
    try {
      await root.backup(next, true);
    } finally {
      await root.close();
    }
    assertSoundFile(next, 'write', true);
    flush(dataFile(next));
    renameSync(dataFile(next), dataFile(folder));
    flush(folder);
  } finally {
    rmSync(next, { recursive: true, force: true });
  }
  return { bytesBefore, bytesAfter: statSync(dataFile(folder)).size };
};

const flush = (path: string): void => {
  const file = openSync(path, 'r');
  try {
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
};
