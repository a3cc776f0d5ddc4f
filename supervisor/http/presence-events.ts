// Who comes, goes and types, as a stream of events tells it: unnumbered, for those who listen now.
import type { z } from 'zod';
import { keepNewest } from '../../shared/keep-newest.js';
import type { PresenceNews } from '../queries/presence-feed.js';
import { personJson } from './schemas/person.js';
import type { PresenceEvent } from './schemas/profile.js';
import { iso } from './session-json.js';

/** People whose change a slow consumer has not taken yet. */
const MOST_WAITING = 1_000;

/** What one consumer has not got yet: of each person in a chat the newest. */
export class PresenceEvents {
  readonly #sessionId: string;
  readonly #waiting = new Map<string, PresenceNews>();

  constructor(sessionId: string) {
    this.#sessionId = sessionId;
  }

  /** Takes what is heard, and calls `then`. */
  adding(then: () => void): (news: PresenceNews) => void {
    return (news) => {
      keepNewest(this.#waiting, `${news.chat} ${news.who.jid}`, news, MOST_WAITING);
      then();
    };
  }

  take(): z.input<typeof PresenceEvent>[] {
    const taken = [...this.#waiting.values()];
    this.#waiting.clear();
    return taken.map(({ chat, who, presence: { state, lastSeen, at } }) => ({
      ...{ sessionId: this.#sessionId, type: 'presence', at: iso(at), chat, ...personJson(who), state },
      lastSeen: lastSeen === undefined ? null : iso(lastSeen),
    }));
  }
}
