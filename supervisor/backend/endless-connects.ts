import { messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { PlacedSessions } from '../placement/placed-sessions.js';
import type { Registry } from '../placement/registry.js';

export interface EndlessConnectsOptions {
  registry: Pick<Registry, 'rows'>;
  sessions: Pick<PlacedSessions, 'disconnect'>;
  log: Logger;
  /** How long a first connect may show nothing. */
  afterMs: number;
  /** 5 s unless given. */
  checkMs?: number;
}

const CHECK_MS = 5_000;

/**
 * Ends first connects that get to no QR code, for backends that take no other connect as long as they see one under way. Sessions
 * with a phone are never touched: they go on trying.
 */
export class EndlessConnects {
  readonly #options: EndlessConnectsOptions;
  readonly #ending = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: EndlessConnectsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#timer ??= setInterval(() => {
      this.#check(Date.now());
    }, this.#options.checkMs ?? CHECK_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #check(now: number): void {
    const { registry, afterMs } = this.#options;
    for (const { sessionId, state, paired, deleting, since } of registry.rows()) {
      if (state !== 'connecting' || paired || deleting || now - since < afterMs || this.#ending.has(sessionId)) continue;
      this.#ending.add(sessionId);
      void this.#end(sessionId);
    }
  }

  async #end(sessionId: string): Promise<void> {
    const { sessions, log } = this.#options;
    log.info({ sessionId }, 'a first connect showed nothing for too long and is ended');
    try {
      await sessions.disconnect(sessionId);
    } catch (error) {
      log.warn({ sessionId, cause: messageOf(error) }, 'a first connect could not be ended');
    } finally {
      this.#ending.delete(sessionId);
    }
  }
}
