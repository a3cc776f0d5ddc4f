// Brings the file of a message to whoever asks for it, from wherever it is.
import type { MediaKind, MediaRef } from '../../shared/domain/media.js';
import type { Message } from '../../shared/domain/message.js';
import { AppError } from '../../shared/errors.js';
import type { Store } from '../../shared/store/store.js';
import type { Config } from '../config.js';
import type { Commits } from '../events/event-log.js';
import { indexKey, type Place } from '../messages/message-index.js';
import type { Registry } from '../placement/registry.js';
import { TABLES, type MediaJob } from '../supervisor-store.js';
import type { MediaDownloads } from './media-downloads.js';
import type { HeldFile, MediaLibrary } from './media-library.js';
import { fileKindOf, mediaOf, noteJob, noteMedia, promisedBytes, promisedRef, wantMedia } from './wanted-media.js';

export interface MediaAccessOptions {
  store: Store;
  commits: Commits;
  library: Pick<MediaLibrary, 'hold'>;
  downloads: Pick<MediaDownloads, 'wake' | 'ended'>;
  registry: Pick<Registry, 'find'>;
  config: Pick<Config['media'], 'download' | 'downloadMaxBytes' | 'retentionDays'>;
  /** How long who asks is kept waiting for a download. */
  waitMs?: number;
}

const WAIT_MS = 25_000;
const RETRY_AFTER_SECONDS = 5;
const DAY_MS = 24 * 60 * 60_000;
/** A phone that did not answer may do so later. */
const GONE_FOR_MS = 10 * 60_000;
const SENTENCES = {
  gone: 'WhatsApp has this file no more, and the phone could not upload it again.',
  too_large: 'This file is larger than MEDIA_DOWNLOAD_MAX_BYTES allows.',
  unreadable: 'The message does not tell where its file is, or what it is encrypted with.',
} as const;

export interface FileOfMessage extends HeldFile {
  sha256: string;
}

export class MediaAccess {
  readonly #options: MediaAccessOptions;

  constructor(options: MediaAccessOptions) {
    this.#options = options;
  }

  /**
   * Downloads it first when it is not here. @param gone tells that nobody waits any more
   * @throws MEDIA_NOT_FOUND, MEDIA_UNAVAILABLE, SESSION_NOT_CONNECTED, STORAGE_UNAVAILABLE, DEADLINE_EXCEEDED
   */
  async file(sessionId: string, message: Message, gone: AbortSignal): Promise<FileOfMessage> {
    const kind = fileKindOf(message);
    if (kind === undefined) throw new AppError('MEDIA_NOT_FOUND', 'This message has no file.');
    const { retentionDays, download } = this.#options.config;
    if (retentionDays !== undefined && message.timestamp < Date.now() - retentionDays * DAY_MS) {
      throw unavailable('The message is older than files are kept.', 'expired');
    }
    const here = await this.#here(sessionId, message, kind);
    if (here) return here;
    if (download === 'off') throw new AppError('MEDIA_NOT_FOUND', 'The file was not downloaded: MEDIA_DOWNLOAD is off.');
    await this.#want(sessionId, message, kind);
    return this.#wait(sessionId, message, kind, gone);
  }

  async #here(sessionId: string, message: Message, kind: MediaKind): Promise<FileOfMessage | undefined> {
    const noted = mediaOf(this.#options.store, sessionId, message);
    const ref: MediaRef | undefined =
      noted?.state === 'stored' ? { sessionId, kind, sha256: noted.sha256 } : promisedRef(sessionId, message);
    if (!ref) return undefined;
    try {
      return { ...(await this.#options.library.hold(ref)), sha256: ref.sha256 };
    } catch (error) {
      if (error instanceof AppError && error.code === 'MEDIA_NOT_FOUND') return undefined;
      throw error;
    }
  }

  async #want(sessionId: string, message: Message, kind: MediaKind): Promise<void> {
    const { store, commits, downloads, registry, config } = this.#options;
    if ((promisedBytes(message) ?? 0) > config.downloadMaxBytes) throw unavailable(SENTENCES.too_large, 'too_large');
    this.#assertNotFailed(sessionId, message);
    if (registry.find(sessionId)?.state !== 'connected') {
      throw new AppError('SESSION_NOT_CONNECTED', 'The file is not here yet, and the session is not connected to download it.');
    }
    const place = store.get<Place>(TABLES.messageIndex, indexKey(sessionId, message));
    if (!place || message.raw === undefined) throw new AppError('MEDIA_NOT_FOUND', 'This file cannot be downloaded any more.');
    const row = [sessionId, place[0], place[1]];
    const job = store.get<MediaJob>(TABLES.mediaJobs, row);
    const now = Date.now();
    // One that rests after failures does not while somebody waits.
    if (!job) await commits.commit(wantMedia(row, message, kind, now));
    else if (job.dueAt > now) await commits.commit([noteJob(row, { ...job, dueAt: now })]);
    // After a restore the job is there, but not that it was wanted.
    if (mediaOf(store, sessionId, message) === undefined)
      await commits.commit([noteMedia(sessionId, message, kind, now, { state: 'wanted' })]);
    downloads.wake(sessionId);
  }

  async #wait(sessionId: string, message: Message, kind: MediaKind, gone: AbortSignal): Promise<FileOfMessage> {
    const { store, downloads, waitMs = WAIT_MS } = this.#options;
    const until = AbortSignal.any([gone, AbortSignal.timeout(waitMs)]);
    while (!until.aborted && mediaOf(store, sessionId, message)?.state === 'wanted') {
      // Between two looks: the worker may be stopping, when nothing ends any more.
      if (!(await downloads.ended(until))) break;
    }
    if (mediaOf(store, sessionId, message)?.state !== 'wanted') {
      const here = await this.#here(sessionId, message, kind);
      if (here) return here;
      this.#assertNotFailed(sessionId, message);
    }
    throw new AppError('DEADLINE_EXCEEDED', 'The file is still being downloaded; try again.', { retryAfterSeconds: RETRY_AFTER_SECONDS });
  }

  /** One that only was not reached may be asked for again. */
  #assertNotFailed(sessionId: string, message: Message): void {
    const noted = mediaOf(this.#options.store, sessionId, message);
    if (noted?.state !== 'failed') return;
    const { reason } = noted;
    if (reason === 'gone' && Date.now() - noted.at >= GONE_FOR_MS) return;
    if (reason === 'gone' || reason === 'too_large' || reason === 'unreadable') throw unavailable(SENTENCES[reason], reason);
  }
}

const unavailable = (sentence: string, reason: string): AppError => new AppError('MEDIA_UNAVAILABLE', sentence, { details: { reason } });
