/** What the gate needs of a WebSocket. */
export interface Outlet {
  send(data: unknown, callback: (error?: Error) => void): void;
}

/**
 * Holds outgoing frames until every commit begun before them is on disk: Baileys confirms to WhatsApp without waiting for our store, and a
 * confirmation must never leave before what it confirms. Frames keep their order; with nothing to wait for they pass at once.
 */
export class FrameGate {
  readonly #commits = new Set<Promise<void>>();
  #lastFrame: Promise<void> | undefined;
  #failure: unknown;

  /** @param onFailure called once when a commit fails; frames behind it are never sent */
  constructor(private readonly onFailure: (error: unknown) => void) {}

  hold(commit: Promise<void>): void {
    this.#commits.add(commit);
    void commit.then(
      () => this.#commits.delete(commit),
      (error: unknown) => {
        this.#commits.delete(commit);
        if (this.#failure !== undefined) return;
        this.#failure = error ?? new Error('commit failed');
        this.onFailure(error);
      },
    );
  }

  /** Replaces `outlet.send` by one that waits. */
  guard(outlet: Outlet): void {
    const send = outlet.send.bind(outlet);
    outlet.send = (data, callback) => {
      if (this.#commits.size === 0 && this.#lastFrame === undefined && this.#failure === undefined) {
        send(data, callback);
        return;
      }
      const frame = Promise.allSettled([this.#lastFrame, ...this.#commits]).then(() => {
        if (this.#failure === undefined) send(data, callback);
        else callback(new Error('the store refused a write that this frame depends on'));
      });
      this.#lastFrame = frame;
      void frame.then(() => {
        if (this.#lastFrame === frame) this.#lastFrame = undefined;
      });
    };
  }

  /** Resolves when nothing is held any more. */
  async settled(): Promise<void> {
    while (this.#commits.size > 0 || this.#lastFrame) await Promise.allSettled([...this.#commits, this.#lastFrame]);
  }
}
