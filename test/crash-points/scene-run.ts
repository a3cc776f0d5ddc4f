import { collectEvidence } from '../support/ledger/evidence.js';
import { randomFrom } from '../support/ledger/random.js';
import { settle } from '../support/ledger/settle.js';
import { findingsOf, type Finding } from '../support/ledger/tally.js';
import { Traffic } from '../support/ledger/traffic.js';
import { stepsOf, trailsOf, type Deed } from '../support/ledger/trails.js';
import { untold } from '../support/ledger/untold.js';
import { openCrashScene, type CrashScene } from './crash-scene.js';
import type { FailedDecryption } from './failed-decryptions.js';
import { killUnderTraffic, type Kill } from './kill-loop.js';
import { KillPlan } from './kill-plan.js';
import { aimsOf, phasesOf } from './phases.js';
import { Spent } from './spent.js';
import type { StoreUnderTest } from './store-condition.js';
import { isBadMac } from './worker-log.js';

export interface SceneRunOptions {
  /** Of the scenes that run side by side. */
  number: number;
  kills: number;
  seed: number;
  /** Empty for none. */
  sabotage: string;
  store: StoreUnderTest;
  say: (line: string) => void;
  /** Aborting it ends the kills; what was done until then is judged. */
  signal?: AbortSignal | undefined;
}

interface Judged {
  sent: number;
  /** Of those sent, how many were queued; and how many requests were repeats. */
  queued: number;
  repeated: number;
  received: number;
  findings: Finding[];
  /** What happened to the messages of the findings. */
  trails: string[];
  failedDecryptions: FailedDecryption[];
  badMacs: number;
  undecryptable: number;
  retriesOfPhones: number;
  repairings: string[];
  /** Sessions that were held to blame although every kill came from outside. */
  suspects: string[];
  overlaps: number;
  refused: string[];
}

export interface SceneResult extends Judged {
  kills: Kill[];
  spent: Spent;
  /** What kept the scene from coming to its end. */
  failure: string | undefined;
  /** Where everything is kept; only after a failure. */
  folder: string | undefined;
}

const FINISH_TIMEOUT_MS = 180_000;
const REPEATED_REQUESTS = 300;
const TRAILS = 8;

/** Traffic, kills, and then the comparison of what was accepted with what is shown. */
export const runScene = async ({ number, kills: count, seed, sabotage, store, say, signal }: SceneRunOptions): Promise<SceneResult> => {
  const plan = new KillPlan(aimsOf(phasesOf(store.condition !== undefined)), randomFrom(seed));
  const world = await openCrashScene({ number, sabotage, store });
  // Numbers of its own: how much is said between two kills would change what is aimed at.
  const traffic = new Traffic({ ...world, random: randomFrom(~seed), queues: true });
  const spent = new Spent();
  const kills: Kill[] = [];
  const repairings = new Set<string>();
  const suspects = new Set<string>();
  let failure: string | undefined;
  try {
    traffic.start();
    try {
      await killUnderTraffic({
        world,
        traffic,
        plan,
        store,
        count,
        spent,
        onKill: (kill) => {
          kills.push(kill);
          if (kills.length % 20 === 0) say(`  scene ${number}: ${kills.length} kills, ${traffic.accepted.length} messages accepted`);
        },
        check: async () => {
          signal?.throwIfAborted();
          for (const sessionId of await unpaired(world)) repairings.add(sessionId);
          for (const sessionId of await suspected(world)) suspects.add(sessionId);
        },
      });
      store.become('well');
      await spent.on('settling', async () => {
        await traffic.stop(FINISH_TIMEOUT_MS);
        await settle(world, traffic.accepted);
      });
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      await traffic.stop(0).catch(() => undefined);
    }
    const judged = await spent.on('verification', async () => judge(world, traffic, { repairings, suspects }, kills));
    const result = { kills, spent, ...judged, failure };
    return { ...result, folder: await world.close(!isClean(result)) };
  } catch (error) {
    const folder = await world.close(true);
    throw new Error(`the run could not be judged; its data is in ${folder ?? 'no folder'}`, { cause: error });
  }
};

/** Nothing was lost or doubled, and nothing happened that must not. */
export const isClean = ({ failure, findings, badMacs, refused, repairings, suspects, overlaps }: Omit<SceneResult, 'folder'>): boolean =>
  failure === undefined && findings.length + badMacs + refused.length + repairings.length + suspects.length + overlaps === 0;

interface Shown {
  sessionId: string;
  status: string;
  suspect?: object;
}

const sessionsOf = async ({ scene }: CrashScene): Promise<Shown[]> => {
  const { sessions } = await scene.worker.call('GET', '/sessions');
  return sessions as Shown[];
};

/** Sessions that want a phone to scan again, or were logged out. */
const unpaired = async (world: CrashScene): Promise<string[]> =>
  (await sessionsOf(world)).flatMap(({ sessionId, status }) =>
    status === 'qr_required' || status === 'logged_out' ? `${sessionId} is ${status}` : [],
  );

const suspected = async (world: CrashScene): Promise<string[]> =>
  (await sessionsOf(world)).flatMap(({ sessionId, suspect }) => (suspect ? `${sessionId} is a suspect: ${JSON.stringify(suspect)}` : []));

const deedOf = ({ at, victim, pid, phases }: Kill): Deed => ({
  at,
  what: `killed ${victim} ${pid} in ${phases.join(', ') || 'idleness'}`,
});

const judge = async (
  world: CrashScene,
  traffic: Traffic,
  { repairings, suspects }: Record<'repairings' | 'suspects', Set<string>>,
  kills: readonly Kill[],
): Promise<Judged> => {
  const { scene, log } = world;
  const { accepted, refused } = traffic;
  const answeredOtherwise = await traffic.repeatKeyed(REPEATED_REQUESTS);
  for (const sessionId of await unpaired(world)) repairings.add(sessionId);
  for (const sessionId of await suspected(world)) suspects.add(sessionId);
  for (const { name, devices } of await scene.phones.listPhones()) if (devices.length > 1) repairings.add(`${name} has two devices`);
  const evidence = await collectEvidence(scene, { ...world, accepted });
  const findings: Finding[] = [
    ...findingsOf(evidence),
    ...(await untold(scene, accepted)),
    ...answeredOtherwise.map(({ message, id }): Finding => ({
      kind: 'doubled',
      message,
      where: 'answer to the same request',
      found: [message.id, id],
    })),
  ];
  const failed = world.failedDecryptions();
  return {
    sent: accepted.filter(({ keyed }) => keyed).length,
    queued: accepted.filter(({ keyed }) => keyed?.queued).length,
    repeated: accepted.reduce((sum, { keyed }) => sum + (keyed ? keyed.attempts - 1 : 0), 0),
    received: accepted.filter(({ keyed }) => !keyed).length,
    findings,
    trails: [
      ...(await trailsOf(scene, findings.slice(0, TRAILS), evidence, kills.map(deedOf))),
      ...(await Promise.all(
        failed
          .slice(0, TRAILS)
          .map(async ({ at, pid, id, error }) => `${at} not decrypted by ${pid}: ${error}\n${await stepsOf(scene, id ?? '')}`),
      )),
    ],
    failedDecryptions: failed,
    badMacs: log.badMacs + failed.filter(({ error }) => isBadMac(error)).length,
    undecryptable: evidence.undecryptable,
    retriesOfPhones: (await scene.phones.stats()).retries['phone'] ?? 0,
    repairings: [...repairings],
    suspects: [...suspects],
    overlaps: (await scene.phones.connections()).overlaps.length,
    refused,
  };
};
