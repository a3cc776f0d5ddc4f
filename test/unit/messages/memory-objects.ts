import { setImmediate } from 'node:timers/promises';
import { ObjectStoreError, type ObjectInfo, type ObjectStore } from '../../../shared/object-store/object-store.js';

/** As much of an object store as history needs, in memory. */
export class MemoryObjects implements Pick<ObjectStore, 'get' | 'put' | 'list' | 'delete'> {
  readonly bodies = new Map<string, { body: Buffer; modifiedAt: number }>();
  /** Keys in the order they were asked for. */
  readonly asked: string[] = [];
  away = false;

  async put(key: string, body: Buffer, _condition?: unknown, modifiedAt = 0): Promise<{ etag: string }> {
    await this.#answer();
    this.bodies.set(key, { body, modifiedAt });
    return { etag: String(body.byteLength) };
  }

  async get(key: string): Promise<{ body: Buffer; etag: string } | undefined> {
    this.asked.push(key);
    await this.#answer();
    const found = this.bodies.get(key);
    return found && { body: found.body, etag: String(found.body.byteLength) };
  }

  async *list(prefix: string): AsyncGenerator<ObjectInfo> {
    await this.#answer();
    for (const [key, { body, modifiedAt }] of this.bodies) if (key.startsWith(prefix)) yield { key, bytes: body.byteLength, modifiedAt };
  }

  async delete(keys: readonly string[]): Promise<void> {
    await this.#answer();
    for (const key of keys) this.bodies.delete(key);
  }

  async #answer(): Promise<void> {
    await setImmediate();
    if (this.away) throw new ObjectStoreError('unreachable', 'away');
  }
}
