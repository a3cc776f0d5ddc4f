import type { Account } from '../accounts/account.js';
import type { Companion } from '../accounts/companion.js';
import { Group } from '../groups/group.js';
import type { Chat } from '../phone/chat.js';
import { stanza, type Stanza } from '../wire/stanza.js';
import type { World } from '../world.js';

/** What a person is doing in a chat. */
export type ChatState = 'composing' | 'recording' | 'paused';

/** Whether a person is there. */
export interface Presence {
  readonly available: boolean;
  /** When it was last available, seconds since the epoch; null for never. */
  readonly lastSeen: number | null;
}

/** Where a person may be: at the phone, or at a linked device. */
type Place = Account | Companion;

/** Who is there, and who wants to know. Nothing of it is queued: who does not listen has missed it. */
export class PresenceBoard {
  readonly #world: () => World;
  readonly #places = new Map<Account, Set<Place>>();
  readonly #lastSeen = new Map<Account, number>();
  /** Linked devices and phones that follow an account. */
  readonly #followers = new Map<Account, Set<Place>>();

  constructor(world: () => World) {
    this.#world = world;
  }

  of(account: Account): Presence {
    return { available: (this.#places.get(account)?.size ?? 0) > 0, lastSeen: this.#lastSeen.get(account) ?? null };
  }

  /** Says that a person is there or gone; followers learn of it when that changes anything. */
  set(place: Place, available: boolean): void {
    const account = 'device' in place ? place.account : place;
    const before = this.of(account).available;
    const places = this.#places.get(account) ?? new Set();
    this.#places.set(account, places);
    if (available) places.add(place);
    else places.delete(place);
    if (available || before) this.#lastSeen.set(account, this.#world().clock.seconds());
    if (this.of(account).available === before) return;
    for (const follower of this.#followers.get(account) ?? []) this.#tell(follower, account);
  }

  /** Lets somebody follow an account; a linked device is told at once how things are. */
  follow(follower: Place, account: Account): void {
    const followers = this.#followers.get(account) ?? new Set();
    this.#followers.set(account, followers.add(follower));
    this.#tell(follower, account);
  }

  /** Shows to a chat that somebody types, records, or stopped. */
  chatState(author: Account, chat: Chat, state: ChatState, device = 0): void {
    const group = chat instanceof Group ? chat : undefined;
    const readers = chat instanceof Group ? [...chat.ranks.keys()] : [chat];
    const content = [state === 'paused' ? stanza('paused') : stanza('composing', state === 'recording' ? { media: 'audio' } : {})];
    const from = group ? { from: group.jid, participant: author.addressOf(0, group.byLid) } : { from: author.jid };
    for (const reader of readers) {
      if (reader === author || reader.blocked.has(author.number)) continue;
      reader.phone.mailbox.takeActivity({ ...this.#moment(), id: author.number, chat: group?.jid ?? author.number, state, lastSeen: null });
      for (const companion of reader.companions.values()) this.#send(companion, stanza('chatstate', from, content));
    }
    this.#world().stats.count('presence', `${state} of ${device === 0 ? 'phones' : 'devices'}`);
  }

  #tell(follower: Place, account: Account): void {
    const { available, lastSeen } = this.of(account);
    if (!('device' in follower)) {
      const state = available ? 'available' : 'unavailable';
      follower.phone.mailbox.takeActivity({ ...this.#moment(), id: account.number, chat: account.number, state, lastSeen });
      return;
    }
    const last = available ? undefined : (lastSeen ?? 'none');
    this.#send(follower, stanza('presence', { from: account.jid, type: available ? undefined : 'unavailable', last }));
  }

  #send(companion: Companion, node: Stanza): void {
    if (companion.receiving) companion.connection?.send(node);
  }

  #moment(): { at: number; order: number } {
    return this.#world().clock.now();
  }
}
