import { withoutDevice } from '../../shared/domain/ids.js';
import type { Presence } from '../../shared/ipc/queries/profile-queries.js';
import { keepNewest } from '../../shared/keep-newest.js';
import type { BaileysEventMap } from '../baileys.js';

const MOST_CHATS = 1_000;
/** Of one chat: a group's members who type. */
const MOST_PEOPLE = 100;

/** `paused` comes as `available`. */
const STATES: Readonly<Record<string, Presence['state']>> = {
  available: 'available',
  unavailable: 'unavailable',
  composing: 'composing',
  recording: 'recording',
  paused: 'available',
};

/** By the names that WhatsApp used. */
export interface HeardPresence {
  chat: string;
  who: string;
  presence: Presence;
}

/** Who is there and who types, as it was heard last; in memory, and of one connection. */
export class PresenceBoard {
  readonly #now: () => number;
  /** By chat, then by person; the one heard of last comes last. */
  readonly #chats = new Map<string, Map<string, Presence>>();

  /** @param now Unix milliseconds */
  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** @returns what is new */
  hear({ id, presences }: BaileysEventMap['presence.update']): HeardPresence[] {
    const chat = withoutDevice(id);
    return Object.entries(presences).flatMap(([participant, { lastKnownPresence, lastSeen }]) => {
      const state = STATES[lastKnownPresence];
      if (!state) return [];
      const who = withoutDevice(participant);
      const seen = lastSeen !== undefined && Number.isSafeInteger(lastSeen * 1000) && lastSeen > 0 ? lastSeen * 1000 : undefined;
      const presence: Presence = { state, ...(seen !== undefined && { lastSeen: seen }), at: this.#now() };
      this.#keep(chat, who, presence);
      return [{ chat, who, presence }];
    });
  }

  of(chat: string): ReadonlyMap<string, Presence> {
    return this.#chats.get(chat) ?? new Map<string, Presence>();
  }

  #keep(chat: string, who: string, presence: Presence): void {
    const people = this.#chats.get(chat) ?? new Map<string, Presence>();
    keepNewest(people, who, presence, MOST_PEOPLE);
    keepNewest(this.#chats, chat, people, MOST_CHATS);
  }
}
