/** For so long after the first try of a request an identical one may be another try of it; the gateway's last begins after a minute. */
export const WINDOW_MS = 120_000;
const LIMIT = 10_000;

/** A request that is being answered. */
export interface Try {
  readonly key: string;
  /** @param told whether the client got an answer after which it does not try again: success or 4xx, completely written */
  settle(told: boolean): void;
}

interface Asked {
  key: string;
  firstAt: number;
}

/** A request that an earlier process did not answer. */
export interface Earlier extends Asked {
  request: string;
}

/**
 * Tells another try of a request from a user who writes the same twice, for a gateway that tries again after timeouts and 5xx
 * but names no idempotency key. As long as a request's answer did not reach the gateway, an identical one gets its key.
 */
export class RepeatedSends {
  readonly #newKey: () => string;
  readonly #limit: number;
  /** By request, in the order of the first tries. */
  readonly #untold = new Map<string, Asked>();

  /** @param earlier the oldest first; their times may lie before the clock's zero */
  constructor(newKey: () => string, { limit = LIMIT, earlier = [] }: { limit?: number; earlier?: Iterable<Earlier> } = {}) {
    this.#newKey = newKey;
    this.#limit = limit;
    for (const { request, key, firstAt } of earlier) this.#untold.set(request, { key, firstAt });
  }

  /** How many requests are remembered. */
  get size(): number {
    return this.#untold.size;
  }

  /**
   * @param request what makes two requests identical
   * @param now milliseconds
   */
  begin(request: string, now: number): Try {
    this.#forgetOld(now);
    const asked = this.#untold.get(request) ?? this.#remember(request, now);
    return {
      key: asked.key,
      settle: (told) => {
        // An earlier try may end after a later one was answered and the user wrote the same again.
        if (told && this.#untold.get(request) === asked) this.#untold.delete(request);
      },
    };
  }

  #remember(request: string, firstAt: number): Asked {
    const asked = { key: this.#newKey(), firstAt };
    this.#untold.set(request, asked);
    return asked;
  }

  #forgetOld(now: number): void {
    for (const [request, { firstAt }] of this.#untold) {
      if (now - firstAt < WINDOW_MS && this.#untold.size < this.#limit) return;
      this.#untold.delete(request);
    }
  }
}
