// Removes media that were kept for as long as they should be, here and in the object store.
import type { MediaRef } from '../../shared/domain/media.js';
import type { Logger } from '../../shared/logging.js';
import { KEYS, mediaRefOf } from '../../shared/object-store/keys.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { Store } from '../../shared/store/store.js';
import { RecurringWork } from '../recurring-work.js';
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

/** Some minutes after the start, then every six hours. */
export const mediaUpkeep = ({ now = Date.now, ...options }: MediaUpkeepOptions): RecurringWork => {
  const { store, retentionDays, log } = options;
  return new RecurringWork({
    firstAfterMs: retentionDays === undefined ? undefined : FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    complaint: 'old media could not all be removed; the next run goes on with it',
    log,
    work: async (stopping) => {
      if (retentionDays === undefined) return;
      const round = new Round(options, now() - retentionDays * DAY_MS, stopping);
      for (const { key } of [...store.range(TABLES.sessions)]) {
        await round.expire(String(key[0]));
        if (stopping.aborted) return;
      }
    },
  });
};

/** One run: removes what was kept before `before` (Unix milliseconds). */
class Round {
  readonly #options: MediaUpkeepOptions;
  readonly #before: number;
  readonly #stopping: AbortSignal;

  constructor(options: MediaUpkeepOptions, before: number, stopping: AbortSignal) {
    this.#options = options;
    this.#before = before;
    this.#stopping = stopping;
  }

  async expire(sessionId: string): Promise<void> {
    await this.#expireHere(sessionId);
    await this.#expireObjects(sessionId);
  }

  async #expireHere(sessionId: string): Promise<void> {
    const { files } = this.#options;
    let due: MediaRef[] = [];
    for await (const { ref, at } of files.list(sessionId)) {
      if (this.#keptAt(ref, at) >= this.#before) continue;
      due.push(ref);
      if (due.length === REMOVED_AT_ONCE) due = await this.#remove(due);
    }
    await this.#remove(due);
  }

  /** Also what no index knows: after a restore, or because somebody else put it there. */
  async #expireObjects(sessionId: string): Promise<void> {
    const { objects } = this.#options;
    if (!objects) return;
    let due: MediaRef[] = [];
    const strange: string[] = [];
    for await (const { key, modifiedAt } of objects.list(KEYS.media(sessionId))) {
      const ref = mediaRefOf(key);
      if (!ref) {
        if (modifiedAt < this.#before) strange.push(key);
        continue;
      }
      if (this.#keptAt(ref, modifiedAt) < this.#before) due.push(ref);
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
    if (due.length > 0 && !this.#stopping.aborted) await this.#options.library.remove(due);
    return [];
  }
}
