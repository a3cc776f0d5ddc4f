import { EventFollower } from '../support/event-follower.js';
import { collectEvidence } from '../support/ledger/evidence.js';
import { randomFrom } from '../support/ledger/random.js';
import { settle } from '../support/ledger/settle.js';
import { findingsOf, shownOnce, spoiltFiles, type Finding } from '../support/ledger/tally.js';
import { breaksIn, untoldOf, type Told } from '../support/ledger/told.js';
import { SEND_FORMS, Traffic, type SendForm } from '../support/ledger/traffic.js';
import { stepsOf, trailsOf, type Deed } from '../support/ledger/trails.js';
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
  /** Of those sent, by how they were asked for; and how many requests were repeats. */
  forms: Record<SendForm, number>;
  /** Of those sent, how many by sessions that have a pace. */
  paced: number;
  repeated: number;
  /** Of those sent, how many their recipient saw exactly once. */
  shown: number;
  received: number;
  /** Events that consumers got, and where what they got had a gap or came twice. */
  told: number;
  breaks: string[];
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
const TOLD_TIMEOUT_MS = 60_000;
/** One request in so many is repeated while it is under way. */
const HASTY = 1 / 8;
const REPEATED_REQUESTS = 300;
const TRAILS = 8;

/** Traffic, kills, and then the comparison of what was accepted with what is shown. */
export const runScene = async ({ number, kills: count, seed, sabotage, store, say, signal }: SceneRunOptions): Promise<SceneResult> => {
  const plan = new KillPlan(aimsOf(phasesOf(store.condition !== undefined)), randomFrom(seed));
  const world = await openCrashScene({ number, sabotage, store });
  // Numbers of its own: how much is said between two kills would change what is aimed at.
  const traffic = new Traffic({ ...world, random: randomFrom(~seed), forms: SEND_FORMS, hasty: HASTY });
  const consumers = world.sessions.map(({ sessionId }) => new EventFollower(world.scene, sessionId));
  const over = new AbortController();
  const spent = new Spent();
  const kills: Kill[] = [];
  const repairings = new Set<string>();
  const suspects = new Set<string>();
  let failure: string | undefined;
  try {
    traffic.start();
    const consuming = Promise.all(consumers.map(async (consumer) => consumer.follow(over.signal)));
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
        await everythingTold(world, consumers);
      });
    } catch (error) {
      failure = error instanceof Error ? error.message : String(error);
      await traffic.stop(0).catch(() => undefined);
    }
    over.abort();
    await consuming;
    const judged = await spent.on('verification', async () => judge(world, traffic, consumers, { repairings, suspects }, kills));
    const result = { kills, spent, ...judged, failure };
    return { ...result, folder: await world.close(!isClean(result)) };
  } catch (error) {
    over.abort();
    const folder = await world.close(true);
    throw new Error(`the run could not be judged; its data is in ${folder ?? 'no folder'}`, { cause: error });
  }
};

/** Nothing was lost or doubled, and nothing happened that must not. */
export const isClean = ({
  failure,
  findings,
  breaks,
  badMacs,
  refused,
  repairings,
  suspects,
  overlaps,
}: Omit<SceneResult, 'folder'>): boolean =>
  failure === undefined &&
  [findings, breaks, refused, repairings, suspects].every(({ length }) => length === 0) &&
  badMacs + overlaps === 0;

/** Waits until consumers have all that happened, which includes what was settled last. */
const everythingTold = async ({ scene }: CrashScene, consumers: readonly EventFollower[]): Promise<void> => {
  for (const consumer of consumers) {
    const { newest } = await scene.worker.call('GET', `/session/${consumer.sessionId}/events?after=${consumer.last}&limit=1`);
    await consumer.untilSeen(Number(newest), TOLD_TIMEOUT_MS);
  }
};

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
  consumers: readonly EventFollower[],
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
  const failed = world.failedDecryptions();
  const told = world.sessions.map(({ sessionId, number }): Told => ({
    ...{ sessionId, number },
    events: consumers.find((consumer) => consumer.sessionId === sessionId)?.seen ?? [],
  }));
  const findings: Finding[] = [
    ...findingsOf(evidence),
    ...spoiltFiles(evidence),
    ...untoldOf(told, accepted, new Set(failed.flatMap(({ id }) => id ?? []))),
    ...answeredOtherwise.map(({ message, id }): Finding => ({
      kind: 'doubled',
      message,
      where: 'answer to the same request',
      found: [message.id, id],
    })),
  ];
  const keyed = accepted.flatMap((message) => message.keyed ?? []);
  return {
    sent: keyed.length,
    forms: countsOf(keyed),
    paced: keyed.filter(({ sessionId }) => world.paced.has(sessionId)).length,
    repeated: keyed.reduce((sum, { attempts }) => sum + attempts - 1, 0),
    shown: shownOnce(evidence),
    received: accepted.length - keyed.length,
    told: told.reduce((sum, { events }) => sum + events.length, 0),
    breaks: told.flatMap(breaksIn),
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

const countsOf = (keyed: readonly { form: SendForm }[]): Record<SendForm, number> => {
  const counts = { direct: 0, queued: 0, file: 0, 'queued file': 0 };
  for (const { form } of keyed) counts[form]++;
  return counts;
};
