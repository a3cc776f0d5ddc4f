// The files of messages: each once per session and kind, by its content; on the disk, and in the object store where there is one.
import { open as openFile } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import PQueue from 'p-queue';
import { AppError, messageOf } from '../../shared/errors.js';
import type { MediaKind, MediaRef } from '../../shared/domain/media.js';
import type { Logger } from '../../shared/logging.js';
import { KEYS } from '../../shared/object-store/keys.js';
import { ObjectStoreError, type ObjectStore } from '../../shared/object-store/object-store.js';
import { DamagedError } from '../../shared/store/sealed-json.js';
import type { Store, Write } from '../../shared/store/store.js';
import type { Commits } from '../events/event-log.js';
import { TABLES, type MediaRow } from '../supervisor-store.js';
import { MediaCache } from './media-cache.js';
import { fetchMedia } from './media-fetch.js';
import type { MediaFiles } from './media-files.js';
import { mediaKey } from './media-row.js';
import { MediaUploads, type UploadStatus } from './media-uploads.js';
import { noRoom } from './no-room.js';

/** A file that is complete and may be moved away. */
export interface StagedFile {
  /** One of `newStaged`. */
  path: string;
  /** In lower-case hex. */
  sha256: string;
  bytes: number;
  mimetype: string | undefined;
}

/** A file that stays where it is until `release` is called. */
export interface HeldFile {
  path: string;
  bytes: number;
  release: () => void;
}

/** First and last byte, both included. */
export interface ByteRange {
  start: number;
  end: number;
}

export interface MediaLibraryOptions {
  store: Store;
  /** Through which a kept file is told. */
  commits: Commits;
  files: MediaFiles;
  /** Without one the disk is all there is. */
  objects: Pick<ObjectStore, 'open' | 'putStream' | 'getStream' | 'delete'> | undefined;
  /** What copies of files that the object store has may take on the disk. */
  cacheBytes: number;
  /** Room on the disk that is not filled with media. */
  minFreeBytes: number;
  /** Whether there is such a session. */
  exists: (sessionId: string) => boolean;
  log: Logger;
}

const RETRY_AFTER_SECONDS = 10;
/** Files that come back from the object store at once. */
const FETCHES_AT_ONCE = 8;

export class MediaLibrary {
  readonly #options: MediaLibraryOptions;
  readonly #uploads: MediaUploads | undefined;
  readonly #cache: MediaCache | undefined;
  /** How many use a file, by its key. */
  readonly #held = new Map<string, number>();
  readonly #fetches = new Map<string, Promise<number | undefined>>();
  readonly #fetchQueue = new PQueue({ concurrency: FETCHES_AT_ONCE });

  constructor(options: MediaLibraryOptions) {
    this.#options = options;
    const { store, files, objects, cacheBytes, log } = options;
    this.#uploads = objects && new MediaUploads({ store, files, objects, log });
    this.#cache =
      this.#uploads &&
      new MediaCache({
        ...{ files, maxBytes: cacheBytes, log },
        mayGo: (ref) => !this.#held.has(KEYS.mediaFile(ref)) && this.#uploads?.isWaiting(ref) === false,
      });
  }

  /** Begins to upload. */
  start(): void {
    this.#uploads?.start();
  }

  async stop(deadlineMs: number): Promise<void> {
    await this.#uploads?.stop(deadlineMs);
    await this.#cache?.stop();
  }

  /** Resolves when the object store has what was kept by now. @throws ObjectStoreError, STORAGE_UNAVAILABLE */
  async flush(): Promise<void> {
    await this.#uploads?.flush();
  }

  /** Undefined without an object store. */
  uploadStatus(): UploadStatus | undefined {
    return this.#uploads?.status();
  }

  /** A path for a file that is being written; whoever does not keep it removes it. */
  newStaged(): string {
    return this.#options.files.newStaged();
  }

  /** @param bytes that are to be written @throws STORAGE_UNAVAILABLE when too little of the disk would be left */
  async assertRoom(bytes: number): Promise<void> {
    if ((await this.#options.files.room()) - bytes >= this.#options.minFreeBytes) return;
    throw noRoom();
  }

  /**
   * Takes the file over; when it resolves the file is durable, and uploaded as soon as that can be.
   * @param along committed together with it @returns its key @throws SESSION_NOT_FOUND, STORAGE_UNAVAILABLE
   */
  async keep(sessionId: string, kind: MediaKind, staged: StagedFile, along: readonly Write[] = []): Promise<string> {
    const { files, commits } = this.#options;
    const { sha256, bytes, mimetype } = staged;
    const ref = { sessionId, kind, sha256 };
    // Held, so that it is not taken for a copy before the commit says that it is the only one.
    const release = this.#hold(ref);
    try {
      this.#assertSession(sessionId);
      await onDisk(async () => files.adopt(staged.path, ref));
      if (!this.#options.exists(sessionId)) files.remove(ref);
      this.#assertSession(sessionId);
      const row: MediaRow = { bytes, mimetype, at: Date.now() };
      const known = this.find(ref) !== undefined && this.#uploads?.isWaiting(ref) === false;
      const upload = known ? [] : (this.#uploads?.want(ref) ?? []);
      await commits.commit([{ table: TABLES.media, key: mediaKey(ref), value: row }, ...upload, ...along]);
    } finally {
      release();
    }
    this.#cache?.grew(bytes);
    this.#uploads?.wake();
    return KEYS.mediaFile(ref);
  }

  /** What is known of a file here; after a restore the object store may have files that are not known. */
  find(ref: MediaRef): MediaRow | undefined {
    return this.#options.store.get<MediaRow>(TABLES.media, mediaKey(ref));
  }

  /** What to commit when a file that is known comes again: it is kept for as long as a new one. */
  again(ref: MediaRef, row: MediaRow): Write[] {
    return [{ table: TABLES.media, key: mediaKey(ref), value: { ...row, at: Date.now() } satisfies MediaRow }];
  }

  /** A path that stays good until it is released; fetched from the object store when it is not here. @throws MEDIA_NOT_FOUND, STORAGE_UNAVAILABLE */
  async hold(ref: MediaRef): Promise<HeldFile> {
    const { files } = this.#options;
    const release = this.#hold(ref);
    try {
      const bytes = (await onDisk(async () => files.bytes(ref))) ?? (await this.#fetch(ref));
      if (bytes === undefined) {
        // What comes again is new.
        if (this.find(ref)) await this.#forget([ref]);
        throw new AppError('MEDIA_NOT_FOUND', 'There is no such file.');
      }
      // On a disk that is all there is, the time of a file is that of its arrival.
      if (this.#cache) await files.touch(ref);
      return { path: files.path(ref), bytes, release };
    } catch (error) {
      release();
      throw error;
    }
  }

  /** The file, or a part of it, read as fast as the reader takes it. @throws MEDIA_NOT_FOUND, STORAGE_UNAVAILABLE */
  async open(ref: MediaRef, range?: ByteRange): Promise<{ body: Readable; bytes: number }> {
    const { path, bytes, release } = await this.hold(ref);
    try {
      const file = await onDisk(async () => openFile(path, 'r'));
      const body = file.createReadStream(range);
      return { body, bytes };
    } finally {
      // From here on the file may go: who has opened it reads on.
      release();
    }
  }

  /** Everywhere. @throws STORAGE_UNAVAILABLE */
  async remove(refs: readonly MediaRef[]): Promise<void> {
    const { files, objects } = this.#options;
    await this.#forget(refs);
    await onDisk(async () => Promise.resolve(refs.forEach((ref) => files.remove(ref))));
    await inObjects(async () => objects?.delete(refs.map(KEYS.mediaFile)));
  }

  /** The local files of a session whose rows are gone; its objects go as those of all deleted sessions do. */
  async removeSession(sessionId: string): Promise<void> {
    await this.#options.files.removeSession(sessionId);
  }

  /** Local files of sessions that are there no more: a stop came between their end and that of their files. */
  async removeStrays(): Promise<void> {
    for (const sessionId of await this.#options.files.sessions()) if (!this.#options.exists(sessionId)) await this.removeSession(sessionId);
  }

  #assertSession(sessionId: string): void {
    if (!this.#options.exists(sessionId)) throw new AppError('SESSION_NOT_FOUND', 'There is no session with this id.');
  }

  #hold(ref: MediaRef): () => void {
    const key = KEYS.mediaFile(ref);
    this.#held.set(key, (this.#held.get(key) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      const left = (this.#held.get(key) ?? 1) - 1;
      if (left > 0) this.#held.set(key, left);
      else this.#held.delete(key);
    };
  }

  async #fetch(ref: MediaRef): Promise<number | undefined> {
    const { objects } = this.#options;
    if (!objects) return undefined;
    const key = KEYS.mediaFile(ref);
    const underway =
      this.#fetches.get(key) ?? this.#fetchQueue.add(async () => this.#fetchNow(ref, objects)).finally(() => this.#fetches.delete(key));
    this.#fetches.set(key, underway);
    return underway;
  }

  async #fetchNow(ref: MediaRef, objects: Pick<ObjectStore, 'getStream'>): Promise<number | undefined> {
    const { files, log } = this.#options;
    const staged = files.newStaged();
    try {
      const bytes = await inObjects(async () => fetchMedia(objects, ref, staged, async (size) => this.assertRoom(size)));
      if (bytes === undefined) return undefined;
      await onDisk(async () => files.adopt(staged, ref));
      this.#cache?.grew(bytes);
      return bytes;
    } catch (error) {
      if (!(error instanceof DamagedError)) throw error;
      log.error({ key: KEYS.mediaFile(ref), why: messageOf(error) }, 'a media file of the object store is damaged and is not used');
      return undefined;
    }
  }

  async #forget(refs: readonly MediaRef[]): Promise<void> {
    const rows = refs.flatMap((ref) =>
      [TABLES.media, TABLES.mediaUploads].map((table) => ({ table, key: mediaKey(ref), value: undefined })),
    );
    await this.#options.commits.commit(rows);
  }
}

const onDisk = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    throw new AppError('STORAGE_UNAVAILABLE', 'The worker cannot read or write media on its disk; try again.', {
      cause,
      retryAfterSeconds: RETRY_AFTER_SECONDS,
    });
  }
};

const inObjects = async <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof DamagedError || cause instanceof AppError) throw cause;
    const sentence =
      cause instanceof ObjectStoreError
        ? 'The file is in the object store, which cannot be reached now; try again.'
        : 'The worker cannot write media to its disk; try again.';
    throw new AppError('STORAGE_UNAVAILABLE', sentence, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
};
