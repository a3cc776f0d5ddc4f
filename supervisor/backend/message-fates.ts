import type { Logger } from '../../shared/logging.js';
import type { BackendClient } from './backend-request.js';
import type { Dialect, MessageFate, Prefixes } from './dialects/dialect.js';
import type { WebhookBudget } from './webhook-budget.js';

export interface MessageFatesOptions {
  client: Pick<BackendClient, 'call'>;
  messageStatus: NonNullable<Dialect['messageStatus']>;
  prefixes: Prefixes;
  budget: Pick<WebhookBudget, 'takeSpare'>;
  log: Logger;
  /** Fates that wait at most; 500 unless given. */
  limit?: number;
  /** How long to wait when the budget has nothing to spare; 1 s unless given. */
  pauseMs?: number;
}

export interface FateCounts {
  /** The backend took it. */
  accepted: number;
  /** The backend did not want it, as it usually does not, or did not answer. */
  unwanted: number;
  /** Not sent, because newer ones came. */
  dropped: number;
  waiting: number;
}

const LIMIT = 500;
const PAUSE_MS = 1_000;
const TIMEOUT_MS = 5_000;

/**
 * Tells the backend how messages fare, as far as the webhook budget has places to spare: each fate is sent once and forgotten.
 * One call at a time; nothing leaves before `start`.
 */
export class MessageFates {
  readonly #options: MessageFatesOptions;
  /** By message, the oldest first; only the newest fate of a message is worth telling. */
  readonly #waiting = new Map<string, MessageFate>();
  readonly #counts = { accepted: 0, unwanted: 0, dropped: 0 };
  #timer: NodeJS.Timeout | undefined;
  #started = false;
  #stopped = false;
  #running = false;

  constructor(options: MessageFatesOptions) {
    this.#options = options;
  }

  /** To be called after each move of a message's status that was committed. */
  moved(fate: MessageFate): void {
    if (this.#stopped) return;
    const key = `${fate.sessionId}/${fate.messageId}`;
    this.#waiting.delete(key);
    this.#waiting.set(key, fate);
    const [oldest] = this.#waiting.keys();
    if (oldest !== undefined && this.#waiting.size > (this.#options.limit ?? LIMIT)) {
      this.#waiting.delete(oldest);
      this.#counts.dropped++;
    }
    this.#pump();
  }

  /** Begins to tell: the backend knows this worker now. */
  start(): void {
    this.#started = true;
    this.#pump();
  }

  counts(): FateCounts {
    return { ...this.#counts, waiting: this.#waiting.size };
  }

  /** Forgets what waits. */
  stop(): void {
    this.#stopped = true;
    clearTimeout(this.#timer);
    this.#waiting.clear();
    const { accepted, unwanted, dropped } = this.#counts;
    if (accepted + unwanted + dropped > 0) this.#options.log.debug(this.#counts, 'message statuses told to the backend');
  }

  #pump(): void {
    if (!this.#started || this.#stopped || this.#running || this.#timer) return;
    const next = this.#waiting.entries().next();
    if (next.done) return;
    if (!this.#options.budget.takeSpare()) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#pump();
      }, this.#options.pauseMs ?? PAUSE_MS).unref();
      return;
    }
    const [key, fate] = next.value;
    this.#waiting.delete(key);
    this.#running = true;
    void this.#tell(fate);
  }

  async #tell(fate: MessageFate): Promise<void> {
    const { client, messageStatus, prefixes } = this.#options;
    const { kind } = await client.call(messageStatus(fate, prefixes), { timeoutMs: TIMEOUT_MS });
    this.#counts[kind === 'accepted' ? 'accepted' : 'unwanted']++;
    this.#running = false;
    this.#pump();
  }
}
