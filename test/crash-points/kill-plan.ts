import { IDLE, type Aim } from './phases.js';
import { pick, type Random } from './random.js';

/** Above so many kills each phase must be hit as often as below; with fewer, in proportion. */
const KILLS_OF_A_FULL_RUN = 300;
const HITS_OF_A_FULL_RUN = 10;

/** Decides what to aim at next, so that every phase gets its share, and counts what was hit. */
export class KillPlan {
  readonly #aims: readonly Aim[];
  readonly #random: Random;
  readonly #hits = new Map<Aim, number>();
  readonly #givenUp = new Map<Aim, number>();
  readonly minimum: number;

  constructor(aims: readonly Aim[], kills: number, random: Random) {
    this.#aims = aims;
    this.#random = random;
    this.minimum = Math.min(HITS_OF_A_FULL_RUN, Math.ceil((kills / KILLS_OF_A_FULL_RUN) * HITS_OF_A_FULL_RUN));
    for (const aim of aims) this.#hits.set(aim, 0);
  }

  /** One of those hit least; one that was tried in vain waits for its next turn. */
  next(): Aim {
    const turns = (aim: Aim): number => (this.#hits.get(aim) ?? 0) + (this.#givenUp.get(aim) ?? 0);
    const fewest = Math.min(...this.#aims.map(turns));
    const aim = pick(
      this.#random,
      this.#aims.filter((candidate) => turns(candidate) === fewest),
    );
    if (!aim) throw new Error('there is nothing to aim at');
    return aim;
  }

  /** Counts a kill of `victim` while it was in `phases`; in none of them it was idle. */
  hit({ victim, phases }: { victim: Aim['victim']; phases: readonly string[] }): void {
    for (const [aim, hits] of this.#hits) {
      const isHit = aim.victim === victim && (aim.phase === IDLE ? phases.length === 0 : phases.includes(aim.phase));
      if (isHit) this.#hits.set(aim, hits + 1);
    }
  }

  gaveUp(aim: Aim): void {
    this.#givenUp.set(aim, (this.#givenUp.get(aim) ?? 0) + 1);
  }

  /** The phases, idleness aside, that were hit too rarely. */
  get missed(): Aim[] {
    return this.#aims.filter((aim) => aim.phase !== IDLE && (this.#hits.get(aim) ?? 0) < this.minimum);
  }
}
