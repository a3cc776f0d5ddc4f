/** One change of a session at a time, in the order they were asked for. */
export class SessionTurns {
  readonly #turns = new Map<string, Promise<unknown>>();

  get anyBusy(): boolean {
    return this.#turns.size > 0;
  }

  /** @param check throws when the session is not to be worked on; asked now and when its turn comes */
  async alone<T>(sessionId: string, check: () => unknown, work: () => Promise<T>): Promise<T> {
    check();
    const before = this.#turns.get(sessionId) ?? Promise.resolve();
    const run = async (): Promise<T> => {
      check();
      return work();
    };
    const turn = before.then(run, run);
    const settled = turn.catch(() => undefined);
    this.#turns.set(sessionId, settled);
    try {
      return await turn;
    } finally {
      if (this.#turns.get(sessionId) === settled) this.#turns.delete(sessionId);
    }
  }
}
