import type { Store, Write } from '../../shared/store/store.js';
import { TABLES, type Intent } from '../supervisor-store.js';
import { afterOne, allowedAt, repaced, typingMs, type SendPace } from './send-pace.js';

/** How fast each session sends, and what it has used of that. */
export class SendPacing {
  readonly #store: Pick<Store, 'get'>;
  readonly #paceOf: (sessionId: string) => SendPace;
  readonly #fullAt = new Map<string, number>();

  /** @param paceOf what is wanted of a session now */
  constructor(store: Pick<Store, 'get'>, paceOf: (sessionId: string) => SendPace) {
    this.#store = store;
    this.#paceOf = paceOf;
  }

  isPaced(sessionId: string): boolean {
    return this.#paceOf(sessionId).perMinute !== undefined;
  }

  typesFirst(sessionId: string): boolean {
    return this.#paceOf(sessionId).typing;
  }

  typingMs({ sessionId, content }: Pick<Intent, 'sessionId' | 'content'>): number {
    return typingMs(this.#paceOf(sessionId), content);
  }

  /** When a message may go before which these go, which wait already. */
  startAt(sessionId: string, ahead: readonly Pick<Intent, 'sessionId' | 'content'>[], now: number): number {
    const pace = this.#paceOf(sessionId);
    const typed = ahead.reduce((total, { content }) => total + typingMs(pace, content), 0);
    return Math.max(now + typed, allowedAt(pace, this.#full(sessionId), now, ahead.length));
  }

  /** One message goes now. @returns what undoes that, if it does not go after all */
  take(sessionId: string, now: number): () => void {
    if (!this.isPaced(sessionId)) return () => undefined;
    const before = Math.max(this.#full(sessionId), now);
    const after = afterOne(this.#paceOf(sessionId), before, now);
    this.#fullAt.set(sessionId, after);
    return () => this.#fullAt.set(sessionId, this.#full(sessionId) - (after - before));
  }

  /** What a restart must know so that it begins no new burst. */
  writes(sessionId: string): Write[] {
    return this.isPaced(sessionId) ? [{ table: TABLES.sendPaces, key: [sessionId], value: this.#full(sessionId) }] : [];
  }

  /** Another pace is wanted from now on. @returns what to commit with that */
  change(sessionId: string, before: SendPace, after: SendPace, now: number): Write[] {
    const fullAt = repaced(before, after, this.#full(sessionId), now);
    this.#fullAt.set(sessionId, fullAt);
    return [{ table: TABLES.sendPaces, key: [sessionId], value: fullAt }];
  }

  forget(sessionId: string): void {
    this.#fullAt.delete(sessionId);
  }

  #full(sessionId: string): number {
    return this.#fullAt.get(sessionId) ?? this.#store.get<number>(TABLES.sendPaces, [sessionId]) ?? 0;
  }
}
