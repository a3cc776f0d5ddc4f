import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { onTestFinished } from 'vitest';
import type { MediaKind, MediaRef } from '../../../shared/domain/media.js';
import { DiskObjectStore } from '../../../shared/object-store/disk-object-store.js';
import { ObjectStoreError } from '../../../shared/object-store/object-store.js';
import type { Store } from '../../../shared/store/store.js';
import { MediaFiles } from '../../../supervisor/media/media-files.js';
import { MediaLibrary, type MediaLibraryOptions } from '../../../supervisor/media/media-library.js';
import { openSupervisorStore, TABLES } from '../../../supervisor/supervisor-store.js';
import { silent } from '../shared/logged.js';
import { closing, tempFolder } from '../store/temp-store.js';

/** A real store of objects that can be told to be away. */
export class Bucket extends DiskObjectStore {
  away = false;
  puts = 0;

  override async putStream(key: string, body: Readable, bytes: number): Promise<void> {
    if (this.away) body.destroy();
    this.#answer();
    this.puts++;
    return super.putStream(key, body, bytes);
  }

  override async getStream(key: string): ReturnType<DiskObjectStore['getStream']> {
    this.#answer();
    return super.getStream(key);
  }

  #answer(): void {
    if (this.away) throw new ObjectStoreError('unreachable', 'away');
  }
}

export interface LibrarySetting {
  dataDir: string;
  store: Store;
  files: MediaFiles;
  sessions: Set<string>;
  library: MediaLibrary;
  /** Stages and keeps a file with this content. */
  keep: (content: string | Buffer, sessionId?: string, kind?: MediaKind) => Promise<MediaRef>;
}

/** A library over a folder, as a worker has it that starts there; `changes` may give it a bucket. */
export const openLibrary = async (dataDir = tempFolder(), changes: Partial<MediaLibraryOptions> = {}): Promise<LibrarySetting> => {
  const store = closing(await openSupervisorStore(join(dataDir, 'supervisor')));
  const files = new MediaFiles(dataDir);
  await files.open();
  const sessions = new Set(['s', 'other']);
  const library = new MediaLibrary({
    ...{ store, commits: store, files, objects: undefined, cacheBytes: 1024 ** 3, minFreeBytes: 0, log: silent },
    exists: (sessionId) => sessions.has(sessionId),
    ...changes,
  });
  onTestFinished(async () => library.stop(5_000));
  const keep: LibrarySetting['keep'] = async (content, sessionId = 's', kind = 'images') => {
    const sha256 = sha256Of(content);
    const path = library.newStaged();
    await writeFile(path, content);
    await library.keep(sessionId, kind, { path, sha256, bytes: Buffer.byteLength(content), mimetype: 'image/png' });
    return { sessionId, kind, sha256 };
  };
  await store.commit([...sessions].map((sessionId) => ({ table: TABLES.sessions, key: [sessionId], value: { sessionId } })));
  return { dataDir, store, files, sessions, library, keep };
};

export const openBucket = async (): Promise<Bucket> => {
  const bucket = new Bucket(tempFolder());
  await bucket.open();
  return bucket;
};

export const sha256Of = (content: string | Buffer): string => createHash('sha256').update(content).digest('hex');
