// The files of the media library on the worker's own disk, laid out as their keys are.
import { randomUUID } from 'node:crypto';
import { renameSync, rmSync } from 'node:fs';
import { open, readdir, rename, rm, stat, statfs, utimes } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolder, syncFolder } from '../../shared/durable-folders.js';
import type { MediaRef } from '../../shared/domain/media.js';
import { KEYS, mediaRefOf } from '../../shared/object-store/keys.js';

export interface FoundFile {
  ref: MediaRef;
  bytes: number;
  /** When it was written or used last, in Unix milliseconds. */
  at: number;
}

export class MediaFiles {
  readonly #dataDir: string;
  readonly #staging: string;

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
    this.#staging = join(dataDir, 'staging');
  }

  /** To be called before anything else; what an earlier worker staged and did not keep is gone. */
  async open(): Promise<void> {
    await rm(this.#staging, { recursive: true, force: true });
    await makeFolder(this.#staging);
    await makeFolder(join(this.#dataDir, 'media'));
  }

  /** A path for a file that is being written: on the same file system, so that keeping it is a rename. */
  newStaged(): string {
    return join(this.#staging, randomUUID());
  }

  path(ref: MediaRef): string {
    return join(this.#dataDir, KEYS.mediaFile(ref));
  }

  /** Moves a staged file to its place; durable when it resolves. Whoever reads the file that was there before reads on. */
  async adopt(staged: string, ref: MediaRef): Promise<void> {
    const written = await open(staged, 'r+');
    try {
      await written.sync();
    } finally {
      await written.close();
    }
    const path = this.path(ref);
    await makeFolder(dirname(path));
    await rename(staged, path);
    await syncFolder(dirname(path));
  }

  /** Undefined when it is not here. */
  async bytes(ref: MediaRef): Promise<number | undefined> {
    return unlessMissing(async () => (await stat(this.path(ref))).size);
  }

  /** It counts as the one that was used last. */
  async touch(ref: MediaRef): Promise<void> {
    const now = new Date();
    await unlessMissing(async () => utimes(this.path(ref), now, now));
  }

  /** In one turn, so that nobody can begin to use it meanwhile. */
  remove(ref: MediaRef): void {
    rmSync(this.path(ref), { force: true });
  }

  /** At once for whoever looks: one of the same id that is made anew finds nothing, and keeps what it brings. */
  async removeSession(sessionId: string): Promise<void> {
    const gone = this.newStaged();
    try {
      renameSync(join(this.#dataDir, KEYS.media(sessionId)), gone);
    } catch (error) {
      if (isMissing(error)) return;
      throw error;
    }
    await rm(gone, { recursive: true, force: true });
  }

  /** Sessions that have a folder. */
  async sessions(): Promise<string[]> {
    return readdir(join(this.#dataDir, 'media'));
  }

  async *list(sessionId: string): AsyncGenerator<FoundFile> {
    const folder = KEYS.media(sessionId);
    const names = await unlessMissing(async () => readdir(join(this.#dataDir, folder), { recursive: true }));
    for (const name of names ?? []) {
      const ref = mediaRefOf(folder + name);
      const facts = ref && (await unlessMissing(async () => stat(this.path(ref))));
      if (ref && facts) yield { ref, bytes: facts.size, at: Math.round(facts.mtimeMs) };
    }
  }

  /** Bytes that the disk still takes. */
  async room(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#dataDir);
    return bavail * bsize;
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT';

const unlessMissing = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};
