import { derivedSeed } from '../support/ledger/random.js';
import type { Kill } from './kill-loop.js';
import { missedOf } from './kill-plan.js';
import { aimsOf, phasesOf, type Aim } from './phases.js';
import { isClean, runScene, type SceneResult, type SceneRunOptions } from './scene-run.js';
import { Spent } from './spent.js';
import type { StoreUnderTest } from './store-condition.js';

export interface CrashRunOptions extends Omit<SceneRunOptions, 'number' | 'store'> {
  /** One for each scene; the scenes share the kills and nothing else, and run side by side: each of them mostly waits. */
  stores: readonly StoreUnderTest[];
}

/** What all scenes found, in the order of the scenes. */
export interface CrashResult extends Omit<SceneResult, 'failure' | 'folder'> {
  aims: Aim[];
  /** Phases hit too rarely. */
  missed: Aim[];
  /** Why scenes did not come to their end. */
  failures: string[];
  passed: boolean;
  /** Where everything of the scenes that failed is kept. */
  folders: string[];
}

/** Plays the scenes, each with its share of the kills and a seed made from `seed`, and puts together what they found. */
export const crashRun = async ({ kills, seed, stores, ...options }: CrashRunOptions): Promise<CrashResult> => {
  const outcomes = await Promise.allSettled(
    stores.map(async (store, n) => {
      const share = Math.floor((kills + n) / stores.length);
      return runScene({ ...options, store, number: n + 1, kills: share, seed: derivedSeed(seed, n) });
    }),
  );
  // Only now: a scene that goes on alone would lose its store, and leave its processes behind.
  const scenes = outcomes.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  const aims = aimsOf(phasesOf(stores.some(({ condition }) => condition !== undefined)));
  const killed: Kill[] = scenes.flatMap((scene) => scene.kills);
  const missed = missedOf(aims, killed, kills);
  const sum = (count: (scene: SceneResult) => number): number => scenes.reduce((total, scene) => total + count(scene), 0);
  return {
    kills: killed,
    aims,
    missed,
    sent: sum(({ sent }) => sent),
    forms: {
      direct: sum(({ forms }) => forms.direct),
      queued: sum(({ forms }) => forms.queued),
      file: sum(({ forms }) => forms.file),
      'queued file': sum(({ forms }) => forms['queued file']),
    },
    paced: sum(({ paced }) => paced),
    repeated: sum(({ repeated }) => repeated),
    shown: sum(({ shown }) => shown),
    received: sum(({ received }) => received),
    told: sum(({ told }) => told),
    breaks: scenes.flatMap(({ breaks }) => breaks),
    findings: scenes.flatMap(({ findings }) => findings),
    trails: scenes.flatMap(({ trails }) => trails),
    failedDecryptions: scenes.flatMap(({ failedDecryptions }) => failedDecryptions),
    badMacs: sum(({ badMacs }) => badMacs),
    undecryptable: sum(({ undecryptable }) => undecryptable),
    retriesOfPhones: sum(({ retriesOfPhones }) => retriesOfPhones),
    repairings: scenes.flatMap(({ repairings }) => repairings),
    suspects: scenes.flatMap(({ suspects }) => suspects),
    overlaps: sum(({ overlaps }) => overlaps),
    refused: scenes.flatMap(({ refused }) => refused),
    spent: Spent.sum(scenes.map(({ spent }) => spent)),
    failures: scenes.flatMap(({ failure }) => failure ?? []),
    passed: missed.length === 0 && scenes.every(isClean),
    folders: scenes.flatMap(({ folder }) => folder ?? []),
  };
};
