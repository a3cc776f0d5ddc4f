// What the consumer of a session's webhook has got, and what comes next.
import { AppError } from '../../shared/errors.js';
import type { Store, Write } from '../../shared/store/store.js';
import { readEvents, type LoggedEvent } from '../events/event-page.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';

type Session = Pick<SessionRow, 'sessionId' | 'createdAt'>;

/** Events that the log no longer has. */
interface GoneEvents {
  type: 'gone';
  /** The one before the next that is kept. */
  seq: number;
  /** The last one that the consumer has. */
  after: number;
}

export type NextEvent = LoggedEvent | GoneEvents;

export class WebhookLog {
  readonly #log: Parameters<typeof readEvents>[0];
  readonly #store: Store;

  /** @param log what events are read from */
  constructor(store: Store, log: Parameters<typeof readEvents>[0]) {
    this.#store = store;
    this.#log = log;
  }

  /** Number of the last event that the consumer has; undefined when the session has no webhook. */
  acknowledged(sessionId: string): number | undefined {
    return this.#store.get<number>(TABLES.webhookCursors, [sessionId]);
  }

  /** @param seq undefined: the session has no webhook any more */
  acknowledge(sessionId: string, seq: number | undefined): Write {
    return { table: TABLES.webhookCursors, key: [sessionId], value: seq };
  }

  /** From now on: the consumer is told what follows. */
  begin(sessionId: string): Write {
    return this.acknowledge(sessionId, this.#store.get<number>(TABLES.eventHeads, [sessionId]) ?? 0);
  }

  /** Sessions that a consumer was told of. */
  sessions(): string[] {
    return [...this.#store.rawRange(TABLES.webhookCursors)].map(({ key }) => String(key[0]));
  }

  /** Those that follow event `after`; empty when there are none. @throws STORAGE_UNAVAILABLE */
  async next(session: Session, after: number, limit: number): Promise<NextEvent[]> {
    try {
      return (await readEvents(this.#log, session, { after, limit })).events;
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'EVENTS_GONE') throw error;
      const { oldest, newest } = error.details as { oldest: number; newest: number };
      const seq = Math.min(oldest - 1, newest);
      return [{ type: 'gone', seq, after }];
    }
  }

  /** One event that was told before; undefined when it is no longer kept. @throws STORAGE_UNAVAILABLE */
  async again(session: Session, seq: number): Promise<NextEvent | undefined> {
    const [event] = await this.next(session, seq - 1, 1);
    return event?.seq === seq && event.type !== 'gone' ? event : undefined;
  }
}
