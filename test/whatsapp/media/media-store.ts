import { createHash, randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** A file as messages refer to it. */
export interface StoredMedia {
  readonly url: string;
  readonly directPath: string;
  /** SHA-256 of the stored bytes. */
  readonly sha256: Buffer;
  /** Bytes as stored. */
  readonly length: number;
}

/** Largest file; WhatsApp takes documents of 2 GB. */
const MAX_MEDIA_BYTES = 2 * 1024 ** 3 + 4096;

const DIRECT_PATH = /^\/v\/[a-z-]+\/([A-Za-z0-9_-]{22,64})$/;
const EXPIRED = '.expired';
const KIND = /^[a-z-]{1,32}$/;

/** Why a file was not taken. */
export class MediaRefused extends Error {
  constructor(
    readonly status: number,
    message: string,
  ) {
    super(message);
    this.name = 'MediaRefused';
  }
}

/** The media files of a simulated WhatsApp, on disk: nothing is ever held in memory as a whole. */
export class MediaStore {
  /** What an upload has to show. */
  readonly auth = randomBytes(16).toString('base64url');
  /** Host and port of the media server; empty until it listens. */
  host = '';
  readonly #folder: string;
  #lastUpload = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Takes a file in. Throws MediaRefused when it is too large, or is not what its name (base64url SHA-256) says. */
  async add(kind: string, source: AsyncIterable<Buffer>, name?: string): Promise<StoredMedia> {
    if (!KIND.test(kind)) throw new MediaRefused(404, `there is no media of the kind ${kind}`);
    await mkdir(this.#folder, { recursive: true });
    const incoming = join(this.#folder, `incoming-${(this.#lastUpload += 1)}`);
    const digest = createHash('sha256');
    let length = 0;
    async function* measured(): AsyncGenerator<Buffer> {
      for await (const piece of source) {
        length += piece.length;
        if (length > MAX_MEDIA_BYTES) throw new MediaRefused(413, `a file has at most ${MAX_MEDIA_BYTES} bytes`);
        digest.update(piece);
        yield piece;
      }
    }
    try {
      await pipeline(Readable.from(measured(), { objectMode: false, highWaterMark: 65_536 }), createWriteStream(incoming));
      const sha256 = digest.digest();
      const actual = sha256.toString('base64url');
      if (name !== undefined && name !== actual) throw new MediaRefused(400, 'the bytes are not those that the name promises');
      await rename(incoming, join(this.#folder, actual));
      const directPath = `/v/${kind}/${actual}`;
      return { url: `https://${this.host}${directPath}`, directPath, sha256, length };
    } catch (error) {
      await rm(incoming, { force: true });
      throw error;
    }
  }

  /** Where a file lies and how long it is (bytes); undefined when there is none under that path. */
  async find(directPath: string): Promise<{ path: string; length: number } | undefined> {
    const name = DIRECT_PATH.exec(directPath.split('?')[0] ?? '')?.[1];
    if (name === undefined) return undefined;
    const path = join(this.#folder, name);
    const found = await stat(path).catch((error: unknown) => {
      if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
      throw error;
    });
    return found && { path, length: found.size };
  }

  /** Takes a file away, as WhatsApp does after some weeks; false when there is none. The phone that sent it has it still. */
  async expire(directPath: string): Promise<boolean> {
    const found = await this.find(directPath);
    if (found) await rename(found.path, `${found.path}${EXPIRED}`);
    return found !== undefined;
  }

  /** Lets a phone upload an expired file again; false when it never was here. */
  async revive(directPath: string): Promise<boolean> {
    if (await this.find(directPath)) return true;
    const name = DIRECT_PATH.exec(directPath)?.[1];
    if (name === undefined) return false;
    const path = join(this.#folder, name);
    return rename(`${path}${EXPIRED}`, path).then(
      () => true,
      () => false,
    );
  }
}
