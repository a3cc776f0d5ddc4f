import { isLidUser, isPnUser, jidDecode, type SignalRepositoryWithLIDStore } from '../baileys.js';

type Lids = SignalRepositoryWithLIDStore['lidMapping'];

/** Two for each person. What is not among them is one read away. */
const MOST = 256;

/**
 * The addresses that were used last, at most twice `most`. Baileys puts those of a large group there all at once and reads them in the same
 * turn: only after it are some forgotten.
 */
export class RecentLids {
  readonly #most: number;
  #recent = new Map<string, string>();
  #earlier: ReadonlyMap<string, string> | undefined;

  constructor(most = MOST) {
    this.#most = most;
  }

  get(key: string): string | undefined {
    const recent = this.#recent.get(key);
    if (recent !== undefined) return recent;
    const earlier = this.#earlier?.get(key);
    if (earlier !== undefined) this.set(key, earlier);
    return earlier;
  }

  set(key: string, value: string): void {
    const { size } = this.#recent;
    this.#recent.set(key, value);
    if (size < this.#most && this.#recent.size === this.#most) queueMicrotask(() => this.#forget());
  }

  clear(): void {
    this.#recent = new Map();
    this.#earlier = undefined;
  }

  get size(): number {
    return this.#recent.size + (this.#earlier?.size ?? 0);
  }

  #forget(): void {
    this.#earlier = new Map([...this.#recent].slice(-this.#most));
    this.#recent = new Map();
  }
}

/**
 * Lets a session remember which number belongs to which LID for those it has to do with. Baileys remembers everybody it ever heard of, 870
 * bytes and two timers for each; and for the answer, which a text wants eight times, it sorts a list of one and waits twice.
 */
export const leanLids = (lids: Lids): void => {
  const known = new RecentLids();
  const lidOf = lids.getLIDForPN.bind(lids);
  const pnOf = lids.getPNForLID.bind(lids);
  Object.assign(lids, {
    mappingCache: known,
    getLIDForPN: async (pn) => knownLid(known, pn) ?? lidOf(pn),
    getPNForLID: async (lid) => knownPn(known, lid) ?? pnOf(lid),
  } satisfies Partial<Lids> & { mappingCache: RecentLids });
};

const knownLid = (known: RecentLids, pn: string): string | undefined => {
  const person = isPnUser(pn) ? jidDecode(pn) : undefined;
  const lid = person && known.get(`pn:${person.user}`);
  return lid && `${lid}${person.device ? `:${person.device}` : ''}@lid`;
};

const knownPn = (known: RecentLids, lid: string): string | undefined => {
  const person = isLidUser(lid) ? jidDecode(lid) : undefined;
  const pn = person && known.get(`lid:${person.user}`);
  return pn && `${pn}:${person.device ?? 0}@s.whatsapp.net`;
};
