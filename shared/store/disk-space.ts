import { statfsSync } from 'node:fs';

/** Kept free for LMDB, which copies pages before it changes them, and for removals, which must stay possible. */
const RESERVE_BYTES = 16 * 1024 * 1024;
const LOOK_EVERY_MS = 100;

/**
 * Tells whether the file system of `folder` still takes writes. Asked before a commit: LMDB's writer does not survive a disk that is full
 * under it.
 */
export const createSpaceCheck = (folder: string): (() => boolean) => {
  let enough = true;
  let lookedAt = -Infinity;
  return () => {
    const now = performance.now();
    if (now - lookedAt >= LOOK_EVERY_MS) {
      const { bavail, bsize } = statfsSync(folder);
      enough = bavail * bsize > RESERVE_BYTES;
      lookedAt = now;
    }
    return enough;
  };
};
