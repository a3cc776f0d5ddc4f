import { isGroup, withoutDevice } from '../../shared/domain/ids.js';
import type { Restriction } from '../../shared/domain/restriction.js';
import { AppError, messageOf } from '../../shared/errors.js';
import type { Logger } from '../../shared/logging.js';
import type { Registry } from '../placement/registry.js';
import type { Intent, SessionRow } from '../supervisor-store.js';
import type { History } from './history.js';
import type { Pauses } from './pauses.js';

export interface ReachOutOptions {
  registry: Pick<Registry, 'find' | 'rows' | 'apply' | 'onChange'>;
  history: Pick<History, 'hasHeardFrom'>;
  pauses: Pauses;
  log: Logger;
}

type Send = Pick<Intent, 'sessionId' | 'messageId' | 'to'>;

/** While somebody else tries whether the restriction has ended. */
const TRY_AGAIN_SECONDS = 30;

/**
 * Spares a restricted account further refusals, which make it worse: people who never wrote to it are written to only when the restriction ends,
 * or, where WhatsApp does not say when, by one message after each pause.
 */
export class ReachOut {
  readonly #options: ReachOutOptions;
  /** By session, the message that tries. */
  readonly #trying = new Map<string, string>();
  /** By session, those that were refused although they seemed to be known. */
  readonly #refused = new Map<string, Set<string>>();

  constructor(options: ReachOutOptions) {
    this.#options = options;
  }

  start(): void {
    const { registry } = this.#options;
    for (const row of registry.rows()) this.#watch(row);
    registry.onChange((row) => {
      this.#watch(row);
    });
  }

  /** Why a message cannot be taken now. */
  refusal({ sessionId, to }: Omit<Send, 'messageId'>): AppError | undefined {
    const restriction = this.#restriction(sessionId, to);
    if (!restriction) return undefined;
    if (Date.now() < restriction.until) return limited(restriction, restriction.until, false);
    return this.#trying.has(sessionId) ? limited(restriction, Date.now() + TRY_AGAIN_SECONDS * 1000, true) : undefined;
  }

  /** Whether its turn has to wait for what becomes of another message; one that goes may become the one that tries. */
  mayGo({ sessionId, messageId, to }: Send): boolean {
    if (!this.#restriction(sessionId, to)) return true;
    if (this.#trying.has(sessionId)) return false;
    this.#trying.set(sessionId, messageId);
    return true;
  }

  /** To be called with every outcome. */
  async settled({ sessionId, messageId, to }: Send, failure: AppError | undefined): Promise<void> {
    if (failure?.code === 'REACH_OUT_LIMITED') this.#refused.set(sessionId, (this.#refused.get(sessionId) ?? new Set()).add(to));
    if (this.#trying.get(sessionId) !== messageId) return;
    this.#trying.delete(sessionId);
    if (!failure) await this.#lift(sessionId);
  }

  /** What keeps the session from writing to this recipient. */
  #restriction(sessionId: string, to: string): Restriction | undefined {
    const { registry, history } = this.#options;
    const row = registry.find(sessionId);
    if (!row?.restricted || isGroup(to) || to === withoutDevice(row.jid ?? '')) return undefined;
    const known = history.hasHeardFrom(sessionId, to) && !this.#refused.get(sessionId)?.has(to);
    return known ? undefined : row.restricted;
  }

  #watch({ sessionId, restricted }: Readonly<SessionRow>): void {
    if (!restricted) {
      this.#refused.delete(sessionId);
      return;
    }
    if (!restricted.told) return;
    this.#options.pauses.alarm(`restriction of ${sessionId}`, Math.max(0, restricted.until - Date.now()), () => {
      const row = this.#options.registry.find(sessionId);
      if (row?.restricted?.told && Date.now() >= row.restricted.until) void this.#lift(sessionId);
      else if (row) this.#watch(row);
    });
  }

  async #lift(sessionId: string): Promise<void> {
    const { registry, log } = this.#options;
    await registry.apply(sessionId, 'note', 'reach_out_lifted', { restricted: undefined }).catch((error: unknown) => {
      log.warn({ sessionId, cause: messageOf(error) }, 'that a restriction ended is not on disk yet');
    });
  }
}

/** @param trying whether another message tries just now */
const limited = ({ kind, since, until, told }: Restriction, again: number, trying: boolean): AppError =>
  new AppError(
    'REACH_OUT_LIMITED',
    'WhatsApp limits this account: for now it may write only to people who wrote to it; nothing was sent.',
    {
      details: { kind, since: new Date(since).toISOString(), until: new Date(until).toISOString(), told, trying },
      retryAfterSeconds: (again - Date.now()) / 1000,
    },
  );
