import { etagOf, readAll, type S3Client } from './s3-client.js';
import { S3AnswerError } from './s3-errors.js';

const MEBIBYTE = 1024 * 1024;
/** One part of each stream is in memory at a time. S3 takes no smaller ones. */
export const PART_BYTES = 5 * MEBIBYTE;
const MOST_PARTS = 10_000;

/** Runs one request with retries. */
export type Run = <T>(attempt: () => Promise<T>) => Promise<T>;

/** Streams in parts. What the parts of a failed upload take is given back, later when the server is away at that moment. */
export class S3Uploads {
  readonly #client: S3Client;
  readonly #run: Run;
  /** Failed uploads that could not be given back yet. */
  readonly #abandoned = new Map<string, string>();

  constructor(client: S3Client, run: Run) {
    this.#client = client;
    this.#run = run;
  }

  async put(key: string, chunks: AsyncIterable<Buffer>, bytes: number, headers: Record<string, string>): Promise<void> {
    for (const [uploadId, abandoned] of this.#abandoned) await this.#abort(abandoned, uploadId);
    const uploadId = await this.#run(async () => this.#client.startUpload(key, headers));
    try {
      const parts: { part: number; etag: string }[] = [];
      for await (const body of partsOf(chunks, Math.max(PART_BYTES, Math.ceil(bytes / MOST_PARTS)))) {
        const part = parts.length + 1;
        parts.push({ part, etag: await this.#run(async () => this.#putPart(key, uploadId, part, body)) });
      }
      await this.#complete(key, uploadId, parts, bytes);
    } catch (error) {
      await this.#abort(key, uploadId);
      throw error;
    }
  }

  async #putPart(key: string, uploadId: string, part: number, body: Buffer): Promise<string> {
    const query = `partNumber=${part}&uploadId=${encodeURIComponent(uploadId)}`;
    const response = await this.#client.send({ method: 'PUT', key, query, headers: this.#client.checksumOf(body) }, body, true);
    await readAll(response);
    return etagOf(response);
  }

  async #complete(key: string, uploadId: string, parts: { part: number; etag: string }[], bytes: number): Promise<void> {
    let attempts = 0;
    await this.#run(async () => {
      attempts++;
      try {
        await this.#client.completeUpload(key, uploadId, parts);
      } catch (error) {
        // An earlier attempt whose answer was lost may have done it.
        const gone = error instanceof S3AnswerError && error.code === 'NoSuchUpload';
        if (!gone || attempts === 1 || !(await this.#isThere(key, parts.length, bytes))) throw error;
      }
    });
  }

  async #isThere(key: string, parts: number, bytes: number): Promise<boolean> {
    const response = await this.#client.send({ method: 'HEAD', key });
    await readAll(response);
    return Number(response.headers['content-length']) === bytes && etagOf(response).endsWith(`-${parts}`);
  }

  /** Never fails: the failure that led here is the one to tell. */
  async #abort(key: string, uploadId: string): Promise<void> {
    this.#abandoned.set(uploadId, key);
    try {
      await this.#client.abortUpload(key, uploadId);
      this.#abandoned.delete(uploadId);
    } catch (error) {
      if (error instanceof S3AnswerError && error.status === 404) this.#abandoned.delete(uploadId);
    }
  }
}

/** Fills one buffer again and again: a part is gone when the next one is asked for. */
async function* partsOf(chunks: AsyncIterable<Buffer>, size: number): AsyncGenerator<Buffer> {
  const part = Buffer.allocUnsafe(size);
  let filled = 0;
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const copied = chunk.copy(part, filled, from);
      filled += copied;
      from += copied;
      if (filled === size) {
        yield part;
        filled = 0;
      }
    }
  }
  if (filled > 0) yield part.subarray(0, filled);
}
