import { pick, type Random } from '../support/ledger/random.js';
import { IDLE, type Aim } from './phases.js';
import type { StoreCondition } from './store-condition.js';

/** Above so many kills each phase must be hit as often as below; with fewer, in proportion, and with very few not at all. */
const KILLS_OF_A_FULL_RUN = 300;
const HITS_OF_A_FULL_RUN = 10;
/** Some phases hardly occur while the store is ill: what is waited for there in vain is missing where they do. */
const EXTRA_TURNS = 2;

/** A kill, by who was killed and what was under way in it. */
interface Struck {
  victim: Aim['victim'];
  phases: readonly string[];
}

/** Whether a kill counts for an aim; one that met nothing met idleness. */
export const isHit = ({ victim, phase }: Aim, kill: Struck): boolean =>
  kill.victim === victim && (phase === IDLE ? kill.phases.length === 0 : kill.phases.includes(phase));

/** Decides what to aim at next, so that every phase gets its share, and counts what was hit. */
export class KillPlan {
  readonly #aims: readonly Aim[];
  readonly #random: Random;
  readonly #hits = new Map<Aim, number>();
  /** The conditions of the store under which an aim was given up, each as often as it was. */
  readonly #givenUp = new Map<Aim, (StoreCondition | undefined)[]>();

  constructor(aims: readonly Aim[], random: Random) {
    this.#aims = aims;
    this.#random = random;
    for (const aim of aims) this.#hits.set(aim, 0);
  }

  /** One of those hit least; one that was tried in vain waits for its next turn, and longer where it was in vain. */
  next(condition: StoreCondition | undefined): Aim {
    const turns = (aim: Aim): number => {
      const givenUp = this.#givenUp.get(aim) ?? [];
      return (this.#hits.get(aim) ?? 0) + givenUp.length + EXTRA_TURNS * givenUp.filter((under) => under === condition).length;
    };
    const fewest = Math.min(...this.#aims.map(turns));
    const aim = pick(
      this.#random,
      this.#aims.filter((candidate) => turns(candidate) === fewest),
    );
    if (!aim) throw new Error('there is nothing to aim at');
    return aim;
  }

  /** Counts a kill in every aim that it is a hit of. */
  hit(kill: Struck): void {
    for (const [aim, hits] of this.#hits) if (isHit(aim, kill)) this.#hits.set(aim, hits + 1);
  }

  gaveUp(aim: Aim, condition: StoreCondition | undefined): void {
    this.#givenUp.set(aim, [...(this.#givenUp.get(aim) ?? []), condition]);
  }
}

/** The phases, idleness aside, that `planned` kills should have hit more often. */
export const missedOf = (aims: readonly Aim[], kills: readonly Struck[], planned: number): Aim[] => {
  const minimum = Math.min(HITS_OF_A_FULL_RUN, Math.floor((planned / KILLS_OF_A_FULL_RUN) * HITS_OF_A_FULL_RUN));
  return aims.filter((aim) => aim.phase !== IDLE && kills.filter((kill) => isHit(aim, kill)).length < minimum);
};
