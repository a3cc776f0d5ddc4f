// LMDB maps its file into memory and trusts it: what it would answer with the end of the process is found here, before it opens the file.
import { accessSync, closeSync, constants, existsSync, fstatSync, mkdirSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { PageTree, type Extent } from './page-tree.js';
import { cannotOpen } from './store-refused-error.js';

const META_BYTES = 160;
const META_PAGE = 0x08;
const MAGIC = 0xbeefc0de;
const DATA_VERSION = 2;
/** A process that commits may replace what is being read, so that it has to be read again. */
const ATTEMPTS = 20;

/** What a meta page says of the newest commit. */
interface Meta extends Extent {
  transaction: bigint;
}

export interface FileUse {
  bytes: number;
  /** In pages that hold rows; the others are free, and used again by later commits. */
  usedBytes: number;
}

export const dataFile = (folder: string): string => join(folder, 'data.mdb');

/** False also for the empty file that LMDB makes before it writes to it. */
export const hasStore = (folder: string): boolean => (statSync(dataFile(folder), { throwIfNoEntry: false })?.size ?? 0) > 0;

/** @throws StoreRefusedError */
export const makeStoreFolder = (path: string): void => {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw cannotOpen(path, 'written', error);
  }
};

/**
 * Looks at the header of the store in `folder`, and whether all of its pages are there. Damage within a page is not seen.
 * @param access what this process is going to do with it
 * @param pages also follow every reference from page to page, which takes as long as reading the whole file
 * @throws StoreRefusedError
 */
export const assertSoundFile = (folder: string, access: 'read' | 'write', pages = false): void => {
  try {
    assertAccess(folder, access);
    if (!hasStore(folder)) return;
    const problem = stable(folder, (meta, file, fileBytes) => {
      // A commit that gives back the last pages it took never writes them: a file may be shorter than it says, if nothing refers to the rest.
      const short = fileBytes < (meta.lastPage + 1) * meta.pageSize;
      return short || pages ? new PageTree(file, meta, Math.floor(fileBytes / meta.pageSize)).problem() : undefined;
    });
    if (problem !== undefined) throw new Error(problem);
  } catch (error) {
    throw cannotOpen(folder, access === 'read' ? 'read' : 'written', error);
  }
};

/** How much of the file holds rows; undefined when it cannot be told because somebody commits all the time. */
export const fileUse = (folder: string): FileUse | undefined => {
  if (!hasStore(folder)) return { bytes: 0, usedBytes: 0 };
  return stable(folder, (meta, file, bytes) => {
    const tree = new PageTree(file, meta, Math.floor(bytes / meta.pageSize));
    return { bytes, usedBytes: tree.usedPages() * meta.pageSize };
  });
};

const assertAccess = (folder: string, access: 'read' | 'write'): void => {
  const wanted = access === 'read' ? constants.R_OK : constants.R_OK | constants.W_OK;
  accessSync(folder, wanted | constants.X_OK);
  for (const path of [dataFile(folder), join(folder, 'lock.mdb')]) {
    if (!existsSync(path)) continue;
    if (!statSync(path).isFile()) throw new Error(`${path} is not a file`);
    accessSync(path, path.endsWith('data.mdb') ? wanted : wanted & constants.W_OK);
  }
};

/** `look` at one commit of the file; again when another one came in between, and for the last time at the last attempt. */
const stable = <T>(folder: string, look: (meta: Meta, file: number, fileBytes: number) => T): T | undefined => {
  const file = openSync(dataFile(folder), 'r');
  try {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const meta = newestMeta(file);
      const seen = typeof meta === 'string' ? meta : look(meta, file, fstatSync(file).size);
      const after = newestMeta(file);
      if (typeof after === 'string' && attempt === ATTEMPTS) throw new Error(after);
      if (typeof meta !== 'string' && typeof after !== 'string' && meta.transaction === after.transaction) return seen as T;
    }
    return undefined;
  } finally {
    closeSync(file);
  }
};

/** Or what is wrong with it. */
const newestMeta = (file: number): Meta | string => {
  const first = readMeta(file, 0);
  if (typeof first === 'string') return first;
  const second = readMeta(file, first.pageSize);
  if (typeof second === 'string') return second;
  return second.transaction > first.transaction ? second : first;
};

const readMeta = (file: number, at: number): Meta | string => {
  const page = Buffer.alloc(META_BYTES);
  if (readSync(file, page, 0, META_BYTES, at) < META_BYTES) return 'the file is cut off';
  const known = (page.readUInt16LE(18) & META_PAGE) !== 0 && page.readUInt32LE(24) === MAGIC;
  if (!known) return 'the file is not a store';
  if ((page.readUInt32LE(28) & 0xffff) !== DATA_VERSION) return 'the file has an unknown format';
  const pageSize = page.readUInt32LE(48);
  if (pageSize < 256 || pageSize > 65_536 || (pageSize & (pageSize - 1)) !== 0) return 'the file is not a store';
  return {
    pageSize,
    free: { root: page.readBigUInt64LE(88), pages: pagesOf(page, 48) },
    main: { root: page.readBigUInt64LE(136), pages: pagesOf(page, 96) },
    lastPage: Number(page.readBigUInt64LE(144)),
    transaction: page.readBigUInt64LE(152),
  };
};

/** Branch, leaf and overflow pages of the tree described at `at`. */
const pagesOf = (bytes: Buffer, at: number): number =>
  [8, 16, 24].reduce((sum, offset) => sum + Number(bytes.readBigUInt64LE(at + offset)), 0);
