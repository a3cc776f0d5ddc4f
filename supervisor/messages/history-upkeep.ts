import { setImmediate } from 'node:timers/promises';
import type { Logger } from '../../shared/logging.js';
import type { ObjectStore } from '../../shared/object-store/object-store.js';
import type { Store, Write } from '../../shared/store/store.js';
import { forgetChats } from '../chats/chat-rows.js';
import { RecurringWork } from '../recurring-work.js';
import { TABLES } from '../supervisor-store.js';
import { evictWrites } from './eviction.js';
import { localDays } from './local-rows.js';
import { dayOf, secondsOf } from './message-day.js';
import { forgetOldIndex } from './old-index.js';
import { daysBefore, expireDay } from './retention.js';

export interface HistoryUpkeepOptions {
  store: Store;
  /** Without one nothing is evicted. */
  objects: Pick<ObjectStore, 'delete'> | undefined;
  /** Whole days that stay here, after which the object store is enough; undefined: all. */
  localDays: number | undefined;
  /** Whole days after which messages are removed everywhere; undefined: never. */
  retentionDays: number | undefined;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
}

const DAY_SECONDS = 24 * 60 * 60;
const EVERY_MS = 60 * 60_000;
const FIRST_AFTER_MS = 60_000;

/** Keeps history as short as it should be, here and in the object store: soon after the start, then every hour. */
export const historyUpkeep = ({ now = Date.now, ...options }: HistoryUpkeepOptions): RecurringWork => {
  let runs = 0;
  /** The day whose daily work is done. */
  let dailyDone: string | undefined;
  return new RecurringWork({
    firstAfterMs: options.localDays === undefined && options.retentionDays === undefined ? undefined : FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    complaint: 'old messages could not all be removed; the next run goes on with it',
    log: options.log,
    work: async (stopping) => {
      const dayBefore = (days: number): string => dayOf(now() / 1000 - days * DAY_SECONDS);
      const today = dayBefore(0);
      // Not at once: what runners still have to hand over from before the start must be known as what it is.
      const daily = ++runs > 1 && dailyDone !== today;
      await new Round(options, dayBefore, stopping).run(daily);
      if (daily && !stopping.aborted) dailyDone = today;
    },
  });
};

/** One run over all sessions. */
class Round {
  readonly #options: HistoryUpkeepOptions;
  readonly #dayBefore: (days: number) => string;
  readonly #stopping: AbortSignal;

  constructor(options: HistoryUpkeepOptions, dayBefore: (days: number) => string, stopping: AbortSignal) {
    this.#options = options;
    this.#dayBefore = dayBefore;
    this.#stopping = stopping;
  }

  async run(daily: boolean): Promise<void> {
    const sessionIds = [...this.#options.store.range(TABLES.sessions)].map(({ key }) => String(key[0]));
    // What needs no object store comes first, for it may be away.
    for (const sessionId of sessionIds) await this.#evict(sessionId);
    for (const sessionId of daily ? sessionIds : []) await this.#forget(sessionId);
    for (const sessionId of sessionIds) await this.#expire(sessionId);
  }

  async #evict(sessionId: string): Promise<void> {
    const { store, objects, localDays: keep } = this.#options;
    if (!objects || keep === undefined) return;
    for (const day of localDays(store, sessionId, this.#dayBefore(keep))) {
      for (const batch of evictWrites(store, sessionId, day)) if (!(await this.#commit(batch))) return;
    }
  }

  /** As long again as messages stay here their index does, but not longer than they are kept anywhere. */
  async #forget(sessionId: string): Promise<void> {
    const { store, localDays: keep, retentionDays } = this.#options;
    const days = Math.min(2 * (keep ?? Infinity), retentionDays ?? Infinity);
    if (days === Infinity) return;
    const before = secondsOf(this.#dayBefore(days)).first;
    for (const batch of forgetOldIndex(store, sessionId, before)) if (!(await this.#commit(batch))) return;
  }

  async #expire(sessionId: string): Promise<void> {
    const { store, objects, retentionDays } = this.#options;
    if (retentionDays === undefined) return;
    for (const day of daysBefore(store, sessionId, this.#dayBefore(retentionDays))) {
      for (const step of expireDay(store, sessionId, day, objects !== undefined)) {
        if ('objects' in step) await objects?.delete(step.objects);
        else if (!(await this.#commit(step.writes))) return;
      }
    }
    for (const batch of forgetChats(store, sessionId)) if (!(await this.#commit(batch))) return;
  }

  /** False when the worker is stopping: the rest has time until the next start. */
  async #commit(writes: Write[]): Promise<boolean> {
    await this.#options.store.commit(writes);
    await setImmediate();
    return !this.#stopping.aborted;
  }
}
