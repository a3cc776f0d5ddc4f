import { statfsSync, statSync } from 'node:fs';
import { dataFile, fileUse } from './store-file.js';

/** Kept free for LMDB, which copies pages before it changes them, and for removals, which must stay possible. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const LOOK_EVERY_MS = 100;

/**
 * Tells whether the store in `folder` still takes writes: the file system has room, and the store's rows have not reached `maxBytes`. Asked
 * before a commit: LMDB's writer does not survive a disk that is full under it.
 */
export const createSpaceCheck = (folder: string, maxBytes = Infinity): (() => boolean) => {
  let enough = true;
  let lookedAt = -Infinity;
  return () => {
    const now = performance.now();
    if (now - lookedAt >= LOOK_EVERY_MS) {
      const { bavail, bsize } = statfsSync(folder);
      enough = bavail * bsize > RESERVE_BYTES && !isFull(folder, maxBytes, enough);
      lookedAt = now;
    }
    return enough;
  };
};

/** Removals leave the file as large as it is, so that its size alone would refuse writes for ever. */
const isFull = (folder: string, maxBytes: number, wasNot: boolean): boolean => {
  if ((statSync(dataFile(folder), { throwIfNoEntry: false })?.size ?? 0) < maxBytes) return false;
  const use = fileUse(folder);
  return use ? use.usedBytes >= maxBytes : !wasNot;
};

/** One sentence for a person about a write that the disk refused. */
export const diskTrouble = (cause: unknown): string => {
  const { code, message = '' } = cause as { code?: unknown; message?: string };
  if (code === 'ENOSPC' || code === 28 || /no space|disk is full|MAP_FULL/i.test(message)) {
    return 'The disk of the worker is full, or a store has reached STORE_MAX_MB; make room. Nothing is accepted until then, and nothing accepted is lost.';
  }
  if (
    code === 'EROFS' ||
    code === 30 ||
    code === 'EACCES' ||
    code === 13 ||
    code === 'EPERM' ||
    /read-only|permission denied/i.test(message)
  ) {
    return 'The disk of the worker cannot be written (read-only, or not allowed); make DATA_DIR writable. Nothing is accepted until then.';
  }
  return 'The disk of the worker refuses writes; look for its errors in the log of the system. Nothing is accepted until it works again.';
};
