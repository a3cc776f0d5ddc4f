// Which faults come when and where. Pure: the same random numbers give the same plan.
import { pick, type Random } from '../support/ledger/random.js';
import { FAULTS, isHeldAgainst, type FaultKind } from './faults.js';

export interface PlannedFault {
  kind: FaultKind;
  slot: number;
  /** Between the end of the fault before, when all its sessions were back, and this one. */
  pauseMs: number;
}

export interface PlanOptions {
  /** How long all of it takes, at least. */
  seconds: number;
  slots: number;
  kinds: readonly FaultKind[];
  random: Random;
}

/** What the restart policy makes of a slot, in seconds of the plan. */
interface Place {
  slot: number;
  /** Since when its runner works. */
  readySince: number;
  /** Something is held against it that only a stable run wipes out. */
  marked: boolean;
}

/** A runner that worked for 60 s starts with a clean slate. */
export const STABLE_SECONDS = 62;
const PAUSE_SECONDS = { least: 2, most: 5 };

/**
 * Every kind about as often as the others, in random order. A fault that is held against a slot only comes when the slate of the slot is
 * clean, so that no start waits longer than the first wait; what is not held against anyone fills the gaps.
 */
export const planFaults = ({ seconds, slots, kinds, random }: PlanOptions): PlannedFault[] => {
  const places = Array.from({ length: slots }, (_, slot): Place => ({ slot, readySince: -Infinity, marked: false }));
  const harmless = kinds.filter((kind) => !isHeldAgainst(kind));
  const plan: PlannedFault[] = [];
  let deck: FaultKind[] = [];
  let now = 0;
  let pause = 0;
  for (;;) {
    const more = PAUSE_SECONDS.least + random() * (PAUSE_SECONDS.most - PAUSE_SECONDS.least);
    now += more;
    // Where nothing can be done yet, one pause follows the other.
    pause += more;
    if (now >= seconds) return plan;
    if (deck.length === 0) deck = shuffled(kinds, random);
    const clean = places.filter((place) => !place.marked || now - place.readySince >= STABLE_SECONDS);
    const next = deck.findIndex((kind) => clean.length > 0 || !isHeldAgainst(kind));
    const kind = next >= 0 ? deck.splice(next, 1)[0] : pick(random, harmless);
    // The end of a marked runner begins its stable run anew: the one that has just begun loses least.
    const place = pick(random, clean) ?? places.toSorted((a, b) => b.readySince - a.readySince)[0];
    if (!kind || !place) continue;
    plan.push({ kind, slot: place.slot, pauseMs: Math.ceil(pause * 1000) });
    pause = 0;
    const wiped = clean.includes(place);
    now += FAULTS[kind].leastSeconds;
    if (FAULTS[kind].exits.length === 0) continue;
    place.readySince = now;
    place.marked = isHeldAgainst(kind) || !wiped;
  }
};

const shuffled = <T>(items: readonly T[], random: Random): T[] =>
  items
    .map((item) => ({ item, order: random() }))
    .toSorted((a, b) => a.order - b.order)
    .map(({ item }) => item);
