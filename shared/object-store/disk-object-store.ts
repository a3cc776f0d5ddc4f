import { createHash, randomUUID } from 'node:crypto';
import type { Dirent } from 'node:fs';
import { open, readdir, readFile, rename, rm, rmdir, stat, type FileHandle } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import type { Readable } from 'node:stream';
import { makeFolder, syncFolder } from '../durable-folders.js';
import { diskError } from './disk-errors.js';
import { guardedStream } from './guarded-stream.js';
import { isKey, isPrefix } from './keys.js';
import { ObjectStoreError, type ObjectInfo, type ObjectStore, type PutCondition, type StoredObject } from './object-store.js';
import { sourceChunks } from './source-chunks.js';

/** No key can hold a plus sign, so no object is ever in here. */
const UNFINISHED = '+unfinished';
/** How often a put makes its folder again that a delete of a neighbour took away. */
const FOLDER_TRIES = 20;

/**
 * Objects as files of a folder that one process owns. Every object is written beside the others and renamed into place, so a reader and a
 * power cut find the old one or the new one.
 */
export class DiskObjectStore implements ObjectStore {
  readonly #root: string;
  /** The last change under way of each key; the next one waits for it. */
  readonly #changes = new Map<string, Promise<unknown>>();
  #opened = false;

  constructor(folder: string) {
    this.#root = resolve(folder);
  }

  async open(): Promise<void> {
    await guarded('open', async () => {
      await makeFolder(this.#root);
      const unfinished = join(this.#root, UNFINISHED);
      // Only what an earlier process left: whoever opens it once more must not take away what is being written.
      if (!this.#opened) await rm(unfinished, { recursive: true, force: true });
      await makeFolder(unfinished);
      this.#opened = true;
    });
  }

  async put(key: string, body: Buffer, condition?: PutCondition): Promise<{ etag: string }> {
    return this.#change(key, 'put', async (path) => {
      if (condition) await this.#check(key, condition);
      await this.#replace(path, async (file) => file.writeFile(body));
      return { etag: etagOf(body) };
    });
  }

  async putStream(key: string, body: Readable, bytes: number): Promise<void> {
    const chunks = sourceChunks(body, bytes);
    try {
      await this.#change(key, 'put', async (path) =>
        this.#replace(path, async (file) => {
          for await (const chunk of chunks) await file.writeFile(chunk);
        }),
      );
    } finally {
      body.destroy();
    }
  }

  async get(key: string): Promise<StoredObject | undefined> {
    const path = this.#path(key);
    return guarded('get', async () => {
      const body = await unlessMissing(async () => readFile(path));
      return body && { body, etag: etagOf(body) };
    });
  }

  async getStream(key: string): Promise<{ body: Readable; bytes: number } | undefined> {
    const path = this.#path(key);
    return guarded('get', async () => {
      const file = await unlessMissing(async () => open(path, 'r'));
      if (!file) return undefined;
      const facts = await file.stat();
      if (!facts.isFile()) {
        await file.close();
        return undefined;
      }
      const body = guardedStream(file.createReadStream(), facts.size, (error) => diskError('get', error));
      return { body, bytes: facts.size };
    });
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    if (!isPrefix(prefix)) throw new ObjectStoreError('invalid', 'list: not a prefix');
    const entries = await guarded('list', async () =>
      unlessMissing(async () => readdir(join(this.#root, prefix), { withFileTypes: true })),
    );
    if (!entries) return;
    for (const name of entries.map(nameInOrder).sort()) {
      const key = prefix + name;
      if (name.endsWith('/')) {
        yield* this.list(key);
        continue;
      }
      const facts = await guarded('list', async () => unlessMissing(async () => stat(join(this.#root, key))));
      if (facts) yield { key, bytes: facts.size, modifiedAt: Math.round(facts.mtimeMs) };
    }
  }

  async delete(keys: readonly string[]): Promise<void> {
    const folders = new Set<string>();
    for (const key of keys) {
      await this.#change(key, 'delete', async (path) => {
        await unlessMissing(async () => rm(path));
        folders.add(dirname(path));
      });
    }
    await guarded('delete', async () => {
      for (const folder of folders) await this.#removeEmpty(folder);
    });
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.#changes.values());
  }

  #path(key: string): string {
    if (!isKey(key)) throw new ObjectStoreError('invalid', 'not a key');
    return join(this.#root, key);
  }

  /** One after another for each key, so that nothing comes between a condition and its put. */
  async #change<T>(key: string, doing: string, change: (path: string) => Promise<T>): Promise<T> {
    const path = this.#path(key);
    const before = this.#changes.get(key) ?? Promise.resolve();
    const own = before.then(async () => guarded(doing, async () => change(path)));
    const settled = own.then(
      () => undefined,
      () => undefined,
    );
    this.#changes.set(key, settled);
    try {
      return await own;
    } finally {
      if (this.#changes.get(key) === settled) this.#changes.delete(key);
    }
  }

  async #check(key: string, condition: PutCondition): Promise<void> {
    const present = await this.get(key);
    const holds = 'ifAbsent' in condition ? present === undefined : present?.etag === condition.ifMatch;
    if (!holds) throw new ObjectStoreError('precondition', 'put');
  }

  async #replace(path: string, write: (file: FileHandle) => Promise<void>): Promise<void> {
    const unfinished = join(this.#root, UNFINISHED, randomUUID());
    try {
      const file = await open(unfinished, 'wx', 0o600);
      try {
        await write(file);
        await file.sync();
      } finally {
        await file.close();
      }
      await this.#moveInto(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
  }

  async #moveInto(from: string, path: string): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      try {
        await makeFolder(dirname(path));
        await rename(from, path);
        await syncFolder(dirname(path));
        return;
      } catch (error) {
        if (codeOf(error) !== 'ENOENT' || attempt === FOLDER_TRIES) throw error;
      }
    }
  }

  async #removeEmpty(folder: string): Promise<void> {
    for (let path = folder; path.length > this.#root.length; path = dirname(path)) {
      try {
        await rmdir(path);
      } catch (error) {
        if (codeOf(error) === 'ENOTEMPTY' || codeOf(error) === 'EEXIST') {
          await unlessMissing(async () => syncFolder(path));
          return;
        }
        if (!isMissing(error)) throw error;
      }
    }
    await syncFolder(this.#root);
  }
}

const etagOf = (body: Buffer): string => createHash('sha256').update(body).digest('hex');

/** A folder sorts as its keys do: with the slash that follows it. */
const nameInOrder = (entry: Dirent): string => (entry.isDirectory() ? `${entry.name}/` : entry.name);

const codeOf = (error: unknown): string | undefined => (error as NodeJS.ErrnoException).code;

/** A file where a folder would be, and the other way round, is no such object either. */
const isMissing = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'EISDIR', 'ERR_FS_EISDIR'].includes(codeOf(error) ?? '');

const unlessMissing = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await read();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
};

const guarded = async <T>(doing: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (error) {
    throw diskError(doing, error);
  }
};
