// Keeps the local copies of files that the object store has within their bound.
import { messageOf } from '../../shared/errors.js';
import type { MediaRef } from '../../shared/domain/media.js';
import type { Logger } from '../../shared/logging.js';
import type { FoundFile, MediaFiles } from './media-files.js';

export interface MediaCacheOptions {
  files: MediaFiles;
  /** What all copies together may take. */
  maxBytes: number;
  /** A file that is in use, or that only this disk has, stays. */
  mayGo: (ref: MediaRef) => boolean;
  log: Logger;
}

/** What is left after a round, so that the next file does not begin one. */
const LEFT = 0.9;

/** Which copy was used when is on the disk, so that nothing has to be remembered for each file. */
export class MediaCache {
  readonly #options: MediaCacheOptions;
  /** Bytes on the disk as far as they are known; at first they are not. */
  #bytes = Infinity;
  #round: Promise<void> | undefined;

  constructor(options: MediaCacheOptions) {
    this.#options = options;
  }

  /** A file of this size came. */
  grew(bytes: number): void {
    this.#bytes += bytes;
    if (this.#bytes <= this.#options.maxBytes || this.#round) return;
    this.#round = this.trim()
      .catch((error: unknown) => {
        this.#options.log.warn({ cause: messageOf(error) }, 'local copies of media could not be removed; the next file tries again');
      })
      .finally(() => (this.#round = undefined));
  }

  /** Removes those that were not used for longest, if there are too many bytes. */
  async trim(): Promise<void> {
    const { files, maxBytes, mayGo } = this.#options;
    const found: FoundFile[] = [];
    for (const sessionId of await files.sessions()) for await (const file of files.list(sessionId)) found.push(file);
    this.#bytes = found.reduce((sum, { bytes }) => sum + bytes, 0);
    if (this.#bytes <= maxBytes) return;
    for (const { ref, bytes } of found.sort((a, b) => a.at - b.at)) {
      if (this.#bytes <= maxBytes * LEFT) return;
      if (!mayGo(ref)) continue;
      files.remove(ref);
      this.#bytes -= bytes;
    }
  }

  async stop(): Promise<void> {
    await this.#round;
  }
}
