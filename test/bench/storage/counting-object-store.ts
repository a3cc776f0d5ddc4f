import type { Readable } from 'node:stream';
import type { ObjectInfo, ObjectStore, PutCondition, StoredObject } from '../../../shared/object-store/object-store.js';

export interface Counted {
  puts: number;
  bytes: number;
  /** When the first and the last of them began, in milliseconds. */
  first: number;
  last: number;
}

const NONE: Counted = { puts: 0, bytes: 0, first: 0, last: 0 };

/** Passes everything on and counts what is put. */
export class CountingObjectStore implements ObjectStore {
  readonly #objects: ObjectStore;
  journal: Counted = { ...NONE };
  /** Everything else: files of sessions, the list of sessions. */
  files: Counted = { ...NONE };

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  reset(): void {
    this.journal = { ...NONE };
    this.files = { ...NONE };
  }

  async open(): Promise<void> {
    await this.#objects.open();
  }

  async put(key: string, body: Buffer, condition?: PutCondition): Promise<{ etag: string }> {
    this.#count(key, body.byteLength);
    return this.#objects.put(key, body, condition);
  }

  async putStream(key: string, body: Readable, bytes: number): Promise<void> {
    this.#count(key, bytes);
    await this.#objects.putStream(key, body, bytes);
  }

  async get(key: string): Promise<StoredObject | undefined> {
    return this.#objects.get(key);
  }

  async getStream(key: string): Promise<{ body: Readable; bytes: number } | undefined> {
    return this.#objects.getStream(key);
  }

  list(prefix: string): AsyncGenerator<ObjectInfo> {
    return this.#objects.list(prefix);
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#objects.delete(keys);
  }

  async close(): Promise<void> {
    await this.#objects.close();
  }

  #count(key: string, bytes: number): void {
    const counted = key.includes('/entries/') ? this.journal : this.files;
    counted.last = performance.now();
    if (counted.puts++ === 0) counted.first = counted.last;
    counted.bytes += bytes;
  }
}
