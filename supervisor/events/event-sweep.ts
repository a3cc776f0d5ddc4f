import { setImmediate } from 'node:timers/promises';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import { RecurringWork } from '../recurring-work.js';
import { TABLES } from '../supervisor-store.js';
import { eventOf, type KeptEvent } from './kept-event.js';
import { lastBeyond } from './restored-events.js';

export interface EventRetention {
  /** Events of one session. */
  count: number;
  /** Whole days. */
  days: number;
}

export interface EventSweepOptions extends EventRetention {
  store: Store;
  log: Logger;
  /** Unix milliseconds. */
  now?: () => number;
}

const DAY_MS = 24 * 60 * 60_000;
const FIRST_AFTER_MS = 5_000;
const EVERY_MS = 60_000;
/** Events removed before other work gets its turn. */
const AT_ONCE = 500;

/** Removes the oldest events of every session, soon after the start and then every minute. */
export const eventSweep = ({ store, log, count, days, now = Date.now }: EventSweepOptions): RecurringWork =>
  new RecurringWork({
    firstAfterMs: FIRST_AFTER_MS,
    everyMs: EVERY_MS,
    complaint: 'old events could not all be removed; the next run goes on with it',
    log,
    work: async (stopping) => {
      for (const { key, value: newest } of [...store.range<number>(TABLES.eventHeads)]) {
        const sessionId = String(key[0]);
        const limits = { upTo: lastBeyond(store, sessionId, newest, count), before: now() - days * DAY_MS };
        for (const batch of expiredEvents(store, sessionId, limits)) {
          // Not told to the object store: events that come back from there are swept again.
          await store.commit(batch, { tracked: false });
          if (stopping.aborted) return;
        }
        await setImmediate();
        if (stopping.aborted) return;
      }
    },
  });

/**
 * Removals of the events of a session up to number `upTo`, and of older ones than `before` (Unix milliseconds). Each batch is to be committed
 * before the next is asked for.
 */
export function* expiredEvents(
  store: Pick<Store, 'range'>,
  sessionId: string,
  { upTo, before }: { upTo: number; before: number },
): Generator<Write[]> {
  for (;;) {
    const expired: Write[] = [];
    for (const { key, value } of store.range<KeptEvent>(TABLES.events, { prefix: [sessionId], limit: AT_ONCE })) {
      if (Number(key[1]) > upTo && eventOf(value).at >= before) break;
      expired.push({ table: TABLES.events, key, value: undefined });
    }
    if (expired.length === 0) return;
    yield expired;
  }
}
