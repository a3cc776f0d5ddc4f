import { messageOf } from '../../shared/errors.js';
import type { RunnerEventOf } from '../../shared/ipc/protocol.js';
import type { Logger } from '../../shared/logging.js';
import type { Fleet } from '../fleet/fleet.js';
import type { Registry } from '../placement/registry.js';

export type PresenceNews = Omit<RunnerEventOf<'session.presence'>, 'sessionId'>;
type Listener = (news: PresenceNews) => void;

export interface PresenceFeedOptions {
  registry: Pick<Registry, 'find' | 'onChange'>;
  fleet: Pick<Fleet, 'call' | 'on'>;
  log: Logger;
  retryMs?: number;
}

const RETRY_MS = 5_000;

/** Who comes, goes and types, as runners hear it. They tell it only of sessions that somebody listens to; nothing is kept here. */
export class PresenceFeed {
  readonly #options: PresenceFeedOptions;
  readonly #listeners = new Map<string, Set<Listener>>();
  readonly #retries = new Map<string, NodeJS.Timeout>();
  readonly #unsubscribe: (() => void)[];
  #stopped = false;

  constructor(options: PresenceFeedOptions) {
    this.#options = options;
    this.#unsubscribe = [
      // Each connection begins without telling.
      options.registry.onChange(({ sessionId, state }) => {
        if (state === 'connected' && this.#listeners.has(sessionId)) this.#tellRunner(sessionId);
      }),
      options.fleet.on({
        presence: (_slot, { sessionId, ...news }) => {
          for (const listener of this.#listeners.get(sessionId) ?? []) listener(news);
        },
      }),
    ];
  }

  /** Calls `listener` with what is heard in a session, whenever it is connected, until the returned function is called. */
  subscribe(sessionId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(sessionId) ?? new Set<Listener>();
    this.#listeners.set(sessionId, listeners.add(listener));
    if (listeners.size === 1) this.#tellRunner(sessionId);
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(sessionId) !== listeners) return;
      this.#listeners.delete(sessionId);
      this.#tellRunner(sessionId);
    };
  }

  stop(): void {
    this.#stopped = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    for (const timer of this.#retries.values()) clearTimeout(timer);
  }

  #tellRunner(sessionId: string): void {
    const { registry, fleet, log, retryMs = RETRY_MS } = this.#options;
    const row = registry.find(sessionId);
    clearTimeout(this.#retries.get(sessionId));
    this.#retries.delete(sessionId);
    if (this.#stopped || row?.state !== 'connected' || row.slot === undefined) return;
    const params = { sessionId, name: 'presence.watch' as const, params: { on: this.#listeners.has(sessionId) } };
    fleet.call(row.slot, 'session.query', params).catch((error: unknown) => {
      log.debug({ sessionId, cause: messageOf(error) }, 'a runner could not be told who listens to presences');
      if (this.#stopped) return;
      clearTimeout(this.#retries.get(sessionId));
      this.#retries.set(sessionId, setTimeout(this.#tellRunner.bind(this), retryMs, sessionId).unref());
    });
  }
}
