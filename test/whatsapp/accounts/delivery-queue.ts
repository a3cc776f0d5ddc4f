import { parseJid } from '../wire/jids.js';
import type { Stanza } from '../wire/stanza.js';

/** A stanza on its way to one device. */
export interface Delivery {
  readonly node: Stanza;
  /** The connection it was last written to; null while it waits. */
  sentOn: number | null;
}

/** Everything a device was sent and has not acknowledged yet, in order. It removes nothing on its own: a repeat is a second entry. */
export class DeliveryQueue {
  readonly #deliveries: Delivery[] = [];

  get length(): number {
    return this.#deliveries.length;
  }

  push(node: Stanza): Delivery {
    const delivery: Delivery = { node, sentOn: null };
    this.#deliveries.push(delivery);
    return delivery;
  }

  /**
   * Takes off what a device acknowledged: the first stanza of that class (its tag) and id that was written, from that sender if one is named.
   * Undefined when there is none.
   */
  settle(tag: string, id: string, from?: string): Stanza | undefined {
    const sender = parseJid(from)?.user;
    const fits = ({ node }: Delivery): boolean => node.tag === tag && node.attrs['id'] === id;
    const comesFrom = ({ node }: Delivery): boolean => sender === undefined || parseJid(node.attrs['from'])?.user === sender;
    const exact = this.#deliveries.findIndex((delivery) => fits(delivery) && comesFrom(delivery));
    const index = exact >= 0 ? exact : this.#deliveries.findIndex(fits);
    return index < 0 ? undefined : this.#deliveries.splice(index, 1)[0]?.node;
  }

  /** Takes off this very delivery. */
  remove(delivery: Delivery): void {
    const index = this.#deliveries.indexOf(delivery);
    if (index >= 0) this.#deliveries.splice(index, 1);
  }

  /** What waits, oldest first; a copy. */
  pending(): Delivery[] {
    return [...this.#deliveries];
  }
}
