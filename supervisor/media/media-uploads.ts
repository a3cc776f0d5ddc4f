// Brings the files of the media library to the object store; what it does not have yet is remembered in the store and tried for ever.
import { createReadStream } from 'node:fs';
import { messageOf } from '../../shared/errors.js';
import type { MediaRef } from '../../shared/domain/media.js';
import type { Logger } from '../../shared/logging.js';
import { KEYS } from '../../shared/object-store/keys.js';
import { ObjectStoreError, type ObjectStore } from '../../shared/object-store/object-store.js';
import type { Key, Store, Write } from '../../shared/store/store.js';
import { Trouble, type TroubleFacts } from '../replication/trouble.js';
import { TABLES } from '../supervisor-store.js';
import type { MediaFiles } from './media-files.js';
import { mediaKey, refOfKey } from './media-row.js';

export interface MediaUploadsOptions {
  store: Store;
  files: MediaFiles;
  objects: Pick<ObjectStore, 'open' | 'putStream' | 'delete'>;
  log: Logger;
}

export interface UploadStatus {
  /** Files that the object store does not have yet. */
  waiting: number;
  trouble: TroubleFacts | undefined;
}

/** Uploads under way at once; each holds one part of a file in memory. */
const AT_ONCE = 2;
const LOOKED_AT = 100;
/** What was passed over is looked at again after this long. */
const LOOK_AGAIN_MS = 5_000;

export class MediaUploads {
  readonly #options: MediaUploadsOptions;
  readonly #trouble = new Trouble();
  #opened = false;
  #timer: NodeJS.Timeout | undefined;
  #round: Promise<void> | undefined;
  #again = false;
  #running = false;

  constructor(options: MediaUploadsOptions) {
    this.#options = options;
  }

  /** To be committed with the file, which then stays on the disk until the object store has it. */
  want(ref: MediaRef): Write[] {
    return [{ table: TABLES.mediaUploads, key: mediaKey(ref), value: true }];
  }

  isWaiting(ref: MediaRef): boolean {
    return this.#options.store.get(TABLES.mediaUploads, mediaKey(ref)) !== undefined;
  }

  status(): UploadStatus {
    return { waiting: this.#options.store.count(TABLES.mediaUploads, []), trouble: this.#trouble.now };
  }

  start(): void {
    this.#running = true;
    this.wake();
  }

  /** There may be something to upload. */
  wake(): void {
    if (!this.#running) return;
    if (this.#round) this.#again = true;
    else if (this.#trouble.isDue) this.#begin();
  }

  /** Resolves when the object store has what was kept by now. @throws ObjectStoreError, STORAGE_UNAVAILABLE */
  async flush(): Promise<void> {
    await this.#round;
    await this.#uploadAll();
  }

  /** Begins no upload any more; resolves when none is under way, or after `deadlineMs`. */
  async stop(deadlineMs: number): Promise<void> {
    this.#running = false;
    clearTimeout(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    await Promise.race([this.#round, new Promise((resolve) => (timer = setTimeout(resolve, deadlineMs)))]);
    clearTimeout(timer);
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#again = false;
    this.#round = this.#uploadAll().then(
      () => {
        this.#round = undefined;
        this.#passed();
        if (this.#again && this.#running) this.#begin();
      },
      (error: unknown) => {
        this.#round = undefined;
        this.#failed(error);
      },
    );
  }

  async #uploadAll(): Promise<void> {
    const { store, objects } = this.#options;
    if (!this.#opened) await objects.open();
    this.#opened = true;
    for (let from: Key = []; this.#running;) {
      const rows = [...store.range(TABLES.mediaUploads, { from, limit: LOOKED_AT })];
      if (rows.length === 0) return;
      await this.#uploadEach(rows.flatMap(({ key }) => refOfKey(key) ?? []));
      // Behind the last one, whatever became of it.
      from = [...(rows.at(-1)?.key ?? []), ''];
    }
  }

  /** The first failure ends it, after what is under way. */
  async #uploadEach(refs: readonly MediaRef[]): Promise<void> {
    const next = refs[Symbol.iterator]();
    let failure: { error: unknown } | undefined;
    const lane = async (): Promise<void> => {
      for (const ref of { [Symbol.iterator]: () => next }) {
        if (failure || !this.#running) return;
        await this.#upload(ref).catch((error: unknown) => (failure ??= { error }));
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    if (failure) throw failure.error;
  }

  /** @throws ObjectStoreError, STORAGE_UNAVAILABLE */
  async #upload(ref: MediaRef): Promise<void> {
    const { store, files, objects, log } = this.#options;
    // What a deleted session of this id left there is being removed, and this file would go with it.
    if (store.get(TABLES.deletions, [ref.sessionId]) !== undefined) return;
    const bytes = await files.bytes(ref);
    if (bytes === undefined) log.error({ sessionId: ref.sessionId }, 'a media file is gone from the disk before the object store had it');
    else if (!(await this.#put(ref, bytes))) return;
    // Removed meanwhile, perhaps before the object was there to be removed.
    if (!this.isWaiting(ref)) await objects.delete([KEYS.mediaFile(ref)]);
    else await store.commit([{ table: TABLES.mediaUploads, key: mediaKey(ref), value: undefined }]);
  }

  /** False when the file changed or went while it was read: that is not the object store's trouble, and the next look shows what to do. */
  async #put(ref: MediaRef, bytes: number): Promise<boolean> {
    try {
      await this.#options.objects.putStream(KEYS.mediaFile(ref), createReadStream(this.#options.files.path(ref)), bytes);
      return true;
    } catch (error) {
      if (error instanceof ObjectStoreError && error.kind === 'invalid') return false;
      throw error;
    }
  }

  #passed(): void {
    const { now } = this.#trouble;
    if (now) this.#options.log.info({ kind: now.kind, forMs: Date.now() - now.since }, 'media reach the object store again');
    this.#trouble.passed();
    if (this.status().waiting > 0) this.#beginIn(LOOK_AGAIN_MS);
  }

  #failed(error: unknown): void {
    if (this.#trouble.met(error)) this.#options.log.error({ cause: messageOf(error) }, this.#trouble.now?.sentence);
    this.#beginIn(this.#trouble.pauseMs);
  }

  /** Whether it is due is not asked then: a timer may fire a moment early, and nothing would begin ever again. */
  #beginIn(ms: number): void {
    if (!this.#running) return;
    this.#timer = setTimeout(() => {
      this.#begin();
    }, ms);
  }
}
