// The way of files into the worker: streamed to disk, looked at, and kept under a key.
import { createHash } from 'node:crypto';
import { link, open, rm } from 'node:fs/promises';
import { Readable } from 'node:stream';
import type { MediaRef } from '../../shared/domain/media.js';
import type { OutgoingContent } from '../../shared/domain/outgoing.js';
import type { OutgoingFile } from '../../shared/domain/outgoing-file.js';
import { AppError } from '../../shared/errors.js';
import { mediaRefOf } from '../../shared/object-store/keys.js';
import type { FileInspector } from './file-inspector.js';
import type { FileFacts } from './inspect-file.js';
import type { MediaLibrary } from './media-library.js';
import { contentOf, type MediaSource, type MediaWish } from './media-wish.js';
import { unlessNoRoom } from './no-room.js';
import type { SafeFetch } from './safe-fetch.js';
import { inMebibytes, kindFor, mimetypeFor, SENDABLE, type SendableType } from './sendable.js';

/** A file that came and belongs to nobody yet; whoever does not keep it discards it. */
export interface StagedUpload {
  path: string;
  /** In lower-case hex. */
  sha256: string;
  bytes: number;
  /** What the client says it is. */
  mimetype: string | undefined;
  fileName: string | undefined;
}

/** A kept file as clients name it. */
export interface KeptMedia {
  key: string;
  sha256: string;
  bytes: number;
  mimetype: string;
}

/** What is known of bytes before they come. */
export interface Coming {
  bytes?: number | undefined;
  mimetype?: string | undefined;
  fileName?: string | undefined;
}

export interface MediaIntakeOptions {
  library: Pick<MediaLibrary, 'newStaged' | 'assertRoom' | 'keep' | 'find' | 'hold'>;
  fetch: Pick<SafeFetch, 'fetch'>;
  inspector: Pick<FileInspector, 'inspect'>;
  /** For any file, whatever WhatsApp would take. */
  maxBytes: number;
}

/** Room on the disk is looked for again after so many bytes. */
const ROOM_STEP_BYTES = 64 * 1024 * 1024;

export class MediaIntake {
  readonly #options: MediaIntakeOptions;

  constructor(options: MediaIntakeOptions) {
    this.#options = options;
  }

  /** The largest file that is taken, as this type if that is known already. */
  limitOf(type?: SendableType): number {
    return Math.min(this.#options.maxBytes, SENDABLE[type ?? 'document'].maxBytes);
  }

  /** Writes the bytes to disk as they come. @throws PAYLOAD_TOO_LARGE, STORAGE_UNAVAILABLE, and what the source throws; then nothing is left */
  async stage(source: AsyncIterable<Buffer>, maxBytes: number, coming: Coming = {}): Promise<StagedUpload> {
    const { library } = this.#options;
    if ((coming.bytes ?? 0) > maxBytes) throw tooLarge(maxBytes);
    await library.assertRoom(coming.bytes ?? 0);
    const path = library.newStaged();
    const hash = createHash('sha256');
    let bytes = 0;
    let roomFor = coming.bytes ?? 0;
    try {
      const file = await open(path, 'wx', 0o600);
      try {
        for await (const piece of source) {
          bytes += piece.length;
          if (bytes > maxBytes) throw tooLarge(maxBytes);
          if (bytes > roomFor) {
            await library.assertRoom(ROOM_STEP_BYTES);
            roomFor = bytes + ROOM_STEP_BYTES;
          }
          hash.update(piece);
          await file.writeFile(piece);
        }
      } finally {
        await file.close();
      }
    } catch (error) {
      await rm(path, { force: true });
      throw unlessNoRoom(error);
    }
    return { path, sha256: hash.digest('hex'), bytes, mimetype: coming.mimetype, fileName: coming.fileName };
  }

  async discard({ path }: StagedUpload): Promise<void> {
    await rm(path, { force: true });
  }

  /** Keeps a staged file that is to be sent as `type`. @throws UNSUPPORTED_MEDIA, PAYLOAD_TOO_LARGE, SESSION_NOT_FOUND, STORAGE_UNAVAILABLE */
  async #keepAs(sessionId: string, type: SendableType, staged: StagedUpload): Promise<OutgoingFile> {
    const facts = await this.#options.inspector.inspect(staged.path);
    const file = this.#fileFor(type, staged, facts, staged.mimetype);
    await this.#options.library.keep(sessionId, file.kind, { ...staged, mimetype: file.mimetype });
    return file;
  }

  /** Keeps a staged file for later. @throws SESSION_NOT_FOUND, STORAGE_UNAVAILABLE */
  async keep(sessionId: string, staged: StagedUpload): Promise<KeptMedia> {
    const { mimetype: found } = await this.#options.inspector.inspect(staged.path);
    const mimetype = mimetypeFor('document', found, staged.mimetype);
    const key = await this.#options.library.keep(sessionId, kindFor(found), { ...staged, mimetype });
    return { key, sha256: staged.sha256, bytes: staged.bytes, mimetype };
  }

  /** The content of a message, its file kept. A staged file that is not kept stays its owner's. @throws as the ways to bring it */
  async bring(sessionId: string, wish: MediaWish, source: MediaSource): Promise<OutgoingContent> {
    const { type } = wish;
    switch (source.from) {
      case 'url': {
        const { file, fileName } = await this.#fetchAs(sessionId, type, new URL(source.url));
        return contentOf(wish, file, fileName);
      }
      case 'key':
        return contentOf(wish, await this.#keptAs(sessionId, type, source.key), undefined);
      case 'upload':
        return contentOf(wish, await this.#keepAs(sessionId, type, source.staged), source.staged.fileName);
      case 'bytes': {
        const staged = await this.stage(Readable.from([source.bytes]), this.limitOf(type), { bytes: source.bytes.length });
        try {
          return contentOf(wish, await this.#keepAs(sessionId, type, staged), undefined);
        } finally {
          await this.discard(staged);
        }
      }
    }
  }

  /** Fetches and keeps what is to be sent as `type`. @throws MEDIA_URL_REFUSED, MEDIA_FETCH_FAILED, and as `#keepAs` */
  async #fetchAs(sessionId: string, type: SendableType, url: URL): Promise<{ file: OutgoingFile; fileName: string | undefined }> {
    const staged = await this.#options.fetch.fetch(url, async (bytes, { contentLength, contentType, fileName }) =>
      this.stage(bytes, this.limitOf(type), { bytes: contentLength, mimetype: contentType, fileName }),
    );
    try {
      return { file: await this.#keepAs(sessionId, type, staged), fileName: staged.fileName };
    } finally {
      // Nothing is there any more when it was kept.
      await this.discard(staged);
    }
  }

  /** A kept file of the session that is to be sent as `type`. @throws MEDIA_NOT_FOUND, UNSUPPORTED_MEDIA, PAYLOAD_TOO_LARGE, STORAGE_UNAVAILABLE */
  async #keptAs(sessionId: string, type: SendableType, key: string): Promise<OutgoingFile> {
    const { library, inspector } = this.#options;
    const ref: MediaRef | undefined = mediaRefOf(key);
    if (ref?.sessionId !== sessionId) throw new AppError('MEDIA_NOT_FOUND', 'This session has no file with this mediaKey.');
    const { path, bytes, release } = await library.hold(ref);
    try {
      const known = { sha256: ref.sha256, bytes };
      const file = this.#fileFor(type, known, await inspector.inspect(path), library.find(ref)?.mimetype);
      await this.#keepAgain(sessionId, path, file);
      return file;
    } finally {
      release();
    }
  }

  /** For as long as one that comes now, and as what it is sent as; without a copy. */
  async #keepAgain(sessionId: string, path: string, file: OutgoingFile): Promise<void> {
    const { library } = this.#options;
    const staged = library.newStaged();
    try {
      await link(path, staged);
      await library.keep(sessionId, file.kind, { path: staged, ...file });
    } catch (error) {
      throw unlessNoRoom(error);
    } finally {
      // Linux leaves it there when it is the same file as the one in its place.
      await rm(staged, { force: true });
    }
  }

  #fileFor(
    type: SendableType,
    { sha256, bytes }: { sha256: string; bytes: number },
    { mimetype: found, ...facts }: FileFacts,
    declared: string | undefined,
  ): OutgoingFile {
    if (bytes === 0) throw new AppError('UNSUPPORTED_MEDIA', 'The file is empty.');
    if (bytes > this.limitOf(type)) throw tooLarge(this.limitOf(type));
    return { kind: SENDABLE[type].kind, sha256, bytes, mimetype: mimetypeFor(type, found, declared), ...facts };
  }
}

const tooLarge = (maxBytes: number): AppError =>
  new AppError('PAYLOAD_TOO_LARGE', `The file is larger than the ${inMebibytes(maxBytes)} that can be sent of its type.`);
