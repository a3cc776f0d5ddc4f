import { setImmediate } from 'node:timers/promises';
import type { KeyPair } from './curve25519.js';

/** What Baileys makes at once for a new device: its `INITIAL_PREKEY_COUNT`. */
export const KEYS_OF_A_PAIRING = 812;
/** Half a millisecond. */
const MADE_IN_A_TURN = 8;
/** As many as pair at once on two cores; who does not use what was made for it must not make the stock grow. */
const PAIRINGS = 4;

/**
 * Key pairs that are there before a pairing asks for all of its at once, which would hold up every session of the process for 50 ms: made a few
 * in each turn of the event loop.
 */
export class KeyStock {
  readonly #make: () => KeyPair;
  readonly #pairs: KeyPair[] = [];
  #expected = 0;
  #making: Promise<void> | undefined;

  constructor(make: () => KeyPair) {
    this.#make = make;
  }

  get size(): number {
    return this.#pairs.length;
  }

  /** Resolves when there are enough for one pairing more than was expected until now. */
  async expectPairing(): Promise<void> {
    this.#expected = Math.min(this.#expected + KEYS_OF_A_PAIRING, PAIRINGS * KEYS_OF_A_PAIRING);
    await (this.#making ??= this.#fill().finally(() => (this.#making = undefined)));
  }

  /** Each once; made now when there is none. */
  take(): KeyPair {
    this.#expected = Math.max(0, this.#expected - 1);
    return this.#pairs.pop() ?? this.#make();
  }

  async #fill(): Promise<void> {
    while (this.#pairs.length < this.#expected) {
      for (let n = 0; n < MADE_IN_A_TURN; n++) this.#pairs.push(this.#make());
      await setImmediate();
    }
  }
}
