import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store } from '../../shared/store/store.js';
import { Draft } from '../chats/draft.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';
import { walkBack, type Found } from './history-walk.js';
import type { Position } from './part-spans.js';
import type { RemoteHistory } from './remote-history.js';

/** After every message there can be. */
export const NEWEST: Position = [Date.UTC(9999, 11, 31, 23, 59, 59) / 1000, 0];
/** Few enough that other work is not held up. */
const AT_ONCE = 200;
const RETRY_MS = 60_000;

interface HistoryBackfillOptions {
  store: Store;
  remote: RemoteHistory | undefined;
  log: Logger;
  /** [sessionId] → the place before which messages lack what is noted of them. */
  gaps: string;
  /** What is noted of messages, the newest first. */
  note: (draft: Draft, sessionId: string, found: readonly Found[]) => void;
  /** Whether the object store is to get what is noted. */
  tracked: boolean;
  complaint: string;
  retryMs?: number;
}

/**
 * Notes of messages that were kept before what a message is noted as, or what did not come back with them, newest first. How far it came is in
 * the commit that adds what was noted, so it goes on there after a crash.
 */
export class HistoryBackfill {
  readonly #options: HistoryBackfillOptions;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: HistoryBackfillOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running = this.#run();
  }

  /** Resolves when nothing is being done any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#timer);
    await this.#running;
  }

  async #run(): Promise<void> {
    const { store, log, gaps, complaint, retryMs = RETRY_MS } = this.#options;
    let failed = false;
    for (const { key, value } of [...store.range<Position>(gaps)]) {
      const sessionId = String(key[0]);
      try {
        await this.#close(sessionId, value);
      } catch (error) {
        failed = true;
        log.warn({ sessionId, cause: messageOf(error) }, complaint);
      }
    }
    if (failed && !this.#stopped) {
      this.#timer = setTimeout(() => {
        this.start();
      }, retryMs).unref();
    }
  }

  async #close(sessionId: string, gap: Position): Promise<void> {
    const { store, remote, gaps, note, tracked } = this.#options;
    for await (const batch of walkBack({ store, remote, sessionId, before: gap, atOnce: AT_ONCE })) {
      if (this.#stopped || !this.#isThere(sessionId)) return;
      const draft = new Draft(store);
      note(draft, sessionId, batch);
      const last = batch.at(-1)?.position;
      if (last) draft.put(gaps, [sessionId], last);
      await store.commit(draft.writes, { tracked });
      await setImmediate();
    }
    if (!this.#stopped && this.#isThere(sessionId)) await store.commit([{ table: gaps, key: [sessionId], value: undefined }]);
  }

  #isThere(sessionId: string): boolean {
    return this.#options.store.get<SessionRow>(TABLES.sessions, [sessionId])?.deleting === false;
  }
}
