import type { Readable } from 'node:stream';
import type { ObjectInfo, ObjectStore, PutCondition, StoredObject } from '../../../shared/object-store/object-store.js';

interface Counted {
  puts: number;
  bytes: number;
}

/** Passes everything on and counts what is put. */
export class CountingObjectStore implements ObjectStore {
  readonly #objects: ObjectStore;
  journal: Counted = { puts: 0, bytes: 0 };
  /** Everything else: files of sessions, the list of sessions. */
  files: Counted = { puts: 0, bytes: 0 };

  constructor(objects: ObjectStore) {
    this.#objects = objects;
  }

  reset(): void {
    this.journal = { puts: 0, bytes: 0 };
    this.files = { puts: 0, bytes: 0 };
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
    counted.puts++;
    counted.bytes += bytes;
  }
}
