import { isGroup } from '../../shared/domain/ids.js';
import type { Person } from '../../shared/ipc/queries/person.js';
import { keepNewest } from '../../shared/keep-newest.js';
import type { HeardPresence } from './presence-board.js';

/** In names as clients know them. */
export type ToldPresence = Omit<HeardPresence, 'who'> & { who: Person };

export interface PresenceTellerOptions {
  /** The identities of a person as far as they are known. */
  personOf: (jid: string) => Promise<Person>;
  tell: (told: ToldPresence) => void;
}

/** People whose change waits to be told. */
const MOST_WAITING = 1_000;

/** Tells of presences as they are heard, while somebody wants to be told: of each person in a chat the newest. */
export class PresenceTeller {
  readonly #options: PresenceTellerOptions;
  readonly #waiting = new Map<string, HeardPresence>();
  #on = false;
  #telling = false;

  constructor(options: PresenceTellerOptions) {
    this.#options = options;
  }

  turn(on: boolean): void {
    this.#on = on;
    if (!on) this.#waiting.clear();
  }

  hear(heard: readonly HeardPresence[]): void {
    if (!this.#on) return;
    for (const one of heard) keepNewest(this.#waiting, `${one.chat} ${one.who}`, one, MOST_WAITING);
    if (!this.#telling) void this.#tellAll();
  }

  /** One at a time, so that they stay in their order. */
  async #tellAll(): Promise<void> {
    this.#telling = true;
    for (let [next] = this.#waiting; next; [next] = this.#waiting) {
      const [key, { chat, who, presence }] = next;
      this.#waiting.delete(key);
      const [person, { jid }] = await Promise.all([this.#personOf(who), this.#personOf(chat)]);
      if (this.#on) this.#options.tell({ chat: jid, who: person, presence });
    }
    this.#telling = false;
  }

  /** Who cannot be looked up is told of by the name that WhatsApp used. */
  async #personOf(jid: string): Promise<Person> {
    return isGroup(jid) ? { jid } : this.#options.personOf(jid).catch(() => ({ jid }));
  }
}
