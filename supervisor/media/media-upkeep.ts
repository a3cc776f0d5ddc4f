// Removes media that were kept for as long as they should be, here and in the object store.
import { messageOf } from '../../shared/errors.js';
import type { MediaRef } from '../../shared/domain/media.js';
import type { Logger } from '../../shared/logging.js';
import { KEYS, mediaRefOf } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { Store } from '../../shared/store/store.js';
import { TABLES } from '../supervisor-store.js';
import type { MediaFiles } from './media-files.js';
import type { MediaLibrary } from './media-library.js';

export interface MediaUpkeepOptions {
  store: Store;
  files: Pick<MediaFiles, 'list'>;
  library: Pick<MediaLibrary, 'find' | 'remove'>;
  objects: Pick<ObjectStore, 'list' | 'delete'> | undefined;
  /** Whole days; undefined: for ever. */
  retentionDays: number | undefined;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
}

const DAY_MS = 24 * 60 * 60_000;
const EVERY_MS = 6 * 60 * 60_000;
const FIRST_AFTER_MS = 5 * 60_000;
const REMOVED_AT_ONCE = 500;

export class MediaUpkeep {
  readonly #options: MediaUpkeepOptions & { now: () => number };
  #timer: NodeJS.Timeout | undefined;
  #running: Promise<void> | undefined;
  #stopping = false;

  constructor(options: MediaUpkeepOptions) {
    this.#options = { now: Date.now, ...options };
  }

  start(): void {
    if (this.#options.retentionDays !== undefined) this.#schedule(FIRST_AFTER_MS);
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  /** One run. A failure is logged, and the rest is left to the next run. */
  async run(): Promise<void> {
    this.#running ??= this.#run().finally(() => (this.#running = undefined));
    return this.#running;
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      void this.run().then(() => {
        if (!this.#stopping) this.#schedule(EVERY_MS);
      });
    }, ms).unref();
  }

  async #run(): Promise<void> {
    const { store, retentionDays, log, now } = this.#options;
    if (retentionDays === undefined) return;
    const before = now() - retentionDays * DAY_MS;
    try {
      for (const { key } of [...store.range(TABLES.sessions)]) {
        await this.#expireHere(String(key[0]), before);
        await this.#expireObjects(String(key[0]), before);
        if (this.#stopping) return;
      }
    } catch (error) {
      log.warn({ cause: messageOf(error) }, 'old media could not all be removed; the next run goes on with it');
    }
  }

  async #expireHere(sessionId: string, before: number): Promise<void> {
    const { files } = this.#options;
    let due: MediaRef[] = [];
    for await (const { ref, at } of files.list(sessionId)) {
      if (this.#keptAt(ref, at) >= before) continue;
      due.push(ref);
      if (due.length === REMOVED_AT_ONCE) due = await this.#remove(due);
    }
    await this.#remove(due);
  }

  /** Also what no index knows: after a restore, or because somebody else put it there. */
  async #expireObjects(sessionId: string, before: number): Promise<void> {
    const { objects } = this.#options;
    if (!objects) return;
    let due: MediaRef[] = [];
    const strange: string[] = [];
    for await (const { key, modifiedAt } of objects.list(KEYS.media(sessionId))) {
      const ref = mediaRefOf(key);
      if (!ref) {
        if (modifiedAt < before) strange.push(key);
        continue;
      }
      if (this.#keptAt(ref, modifiedAt) < before) due.push(ref);
      if (due.length === REMOVED_AT_ONCE) due = await this.#remove(due);
    }
    await this.#remove(due);
    if (strange.length > 0) await objects.delete(strange);
  }

  /** A file that came again is as young as its last coming. */
  #keptAt(ref: MediaRef, at: number): number {
    return this.#options.library.find(ref)?.at ?? at;
  }

  async #remove(due: readonly MediaRef[]): Promise<MediaRef[]> {
    if (due.length > 0 && !this.#stopping) await this.#options.library.remove(due);
    return [];
  }
}
