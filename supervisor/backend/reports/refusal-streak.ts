/** So many sessions refused one after the other are not at fault each by itself. */
const SESSIONS = 5;
/** Of the dead reports that one streak may bring back. */
const REMEMBERED = 10_000;

/** Final refusals without an accepted report between them. */
export class RefusalStreak {
  readonly #sessions = new Set<string>();
  #dead: number[] = [];

  /** @returns whether the refusals are about this worker or the path it calls, rather than about sessions */
  refused(sessionId: string): boolean {
    this.#sessions.add(sessionId);
    return this.#sessions.size >= SESSIONS;
  }

  /** A refused report was put aside as dead. */
  buried(deadId: number): void {
    this.#dead.push(deadId);
    if (this.#dead.length > REMEMBERED) this.#dead = this.#dead.slice(-REMEMBERED);
  }

  /** Ends the streak. @returns what it put aside, in its order */
  end(): readonly number[] {
    const dead = this.#dead;
    this.#sessions.clear();
    this.#dead = [];
    return dead;
  }
}
