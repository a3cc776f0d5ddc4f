import { setImmediate } from 'node:timers/promises';
import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Store, Write } from '../../shared/store/store.js';
import { walkBack } from '../messages/history-walk.js';
import type { Position } from '../messages/part-spans.js';
import type { RemoteHistory } from '../messages/remote-history.js';
import { TABLES, type SessionRow } from '../supervisor-store.js';
import { noteMessage } from './chat-rows.js';
import { Draft } from './draft.js';

/** After every message there can be. */
const NEWEST: Position = [Date.UTC(9999, 11, 31, 23, 59, 59) / 1000, 0];
/** Few enough that other work is not held up. */
const AT_ONCE = 200;
const RETRY_MS = 60_000;

/** The chats of this session's history are to be looked for in all of it. */
export const wholeGap = (sessionId: string): Write => ({ table: TABLES.chatGaps, key: [sessionId], value: NEWEST });

/** Gaps for the sessions of a store that had no list of chats. */
export function* migrateChats(store: Store): Generator<Write[]> {
  yield [...store.range('sessions')].map(({ key }) => ({ table: 'chatGaps', key, value: NEWEST }));
}

interface ChatGapsOptions {
  store: Store;
  remote: RemoteHistory | undefined;
  log: Logger;
  retryMs?: number;
}

/**
 * Finds the chats of messages that were kept before there was a list of chats, or whose list did not come back, newest first. How far it came
 * is in the commit that adds what was found, so it goes on there after a crash.
 */
export class ChatGaps {
  readonly #options: ChatGapsOptions;
  #running: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: ChatGapsOptions) {
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
    const { store, log, retryMs = RETRY_MS } = this.#options;
    let failed = false;
    for (const { key, value } of [...store.range<Position>(TABLES.chatGaps)]) {
      const sessionId = String(key[0]);
      try {
        await this.#close(sessionId, value);
      } catch (error) {
        failed = true;
        log.warn({ sessionId, cause: messageOf(error) }, 'the chats of earlier messages could not all be found; it goes on later');
      }
    }
    if (failed && !this.#stopped) {
      this.#timer = setTimeout(() => {
        this.start();
      }, retryMs).unref();
    }
  }

  async #close(sessionId: string, gap: Position): Promise<void> {
    const { store, remote } = this.#options;
    for await (const batch of walkBack({ store, remote, sessionId, before: gap, atOnce: AT_ONCE })) {
      if (this.#stopped || !this.#isThere(sessionId)) return;
      const draft = new Draft(store);
      for (const { position, message } of batch) if (message) noteMessage(draft, sessionId, position, message, true);
      const last = batch.at(-1)?.position;
      if (last) draft.put(TABLES.chatGaps, [sessionId], last);
      await store.commit(draft.writes);
      await setImmediate();
    }
    if (!this.#stopped && this.#isThere(sessionId)) await store.commit([{ table: TABLES.chatGaps, key: [sessionId], value: undefined }]);
  }

  #isThere(sessionId: string): boolean {
    return this.#options.store.get<SessionRow>(TABLES.sessions, [sessionId])?.deleting === false;
  }
}
