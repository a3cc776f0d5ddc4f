import { setTimeout as sleep } from 'node:timers/promises';
import type { PairedSession, Scene } from '../support/scene.js';
import { startTalk } from '../support/talk.js';
import type { Bench } from './bench.js';
import { identitiesIn } from './fleet/identity.js';
import { pairedFleet, type Stage } from './fleet/paired-fleet.js';
import { onStage } from './on-stage.js';
import { memoryOf, sumMemory } from './process-memory.js';
import { targetsFor } from './rounds.js';
import { sessionIdOf } from './storage/fleet-rows.js';
import { quantile, round } from './storage/figures.js';
import { slopeOf } from './slope.js';
import { WorkerContender } from './worker-contender.js';

const PER_SECOND = 20;
const LOOK_EVERY_MS = 10_000;
const RECONNECT_EVERY_MS = 60_000;
/** Share of the sessions whose connection is cut each time. */
const CUT = 0.1;
/** Of the time, until caches are full and everything that runs often is compiled. */
const WARM_UP = 0.25;

/** Sessions talk to each other for a long time while connections are cut: what grows, and what is lost. */
export const soak: Bench = async ({ sessions: count, seconds, wss }) => {
  const fleet = await pairedFleet(count, wss);
  return onStage({ fleet, kind: 'worker', sessions: count, env: { CONNECT_RATE_PER_SECOND: '100' } }, async (contender, stage) => {
    if (!(contender instanceof WorkerContender)) throw new Error('only a worker is soaked');
    await contender.open();
    const scene = sceneOf(stage, contender);
    const sessions = await sessionsOf(stage, count);
    const talk = startTalk(scene, sessions, PER_SECOND);
    const startedAt = performance.now();
    const memory: [number, number][] = [];
    const loopP99Ms: number[] = [];
    let cuts = 0;
    let cutAt = startedAt;
    while (performance.now() - startedAt < seconds * 1000) {
      await sleep(Math.min(LOOK_EVERY_MS, (seconds * 1000) / 8));
      const { anonymous } = sumMemory((await contender.pids()).map(memoryOf));
      memory.push([(performance.now() - startedAt) / 3_600_000, anonymous / 1024]);
      const { runners, supervisor } = (await contender.worker.call('GET', '/runners')) as unknown as Loops;
      loopP99Ms.push(...[supervisor, ...runners].flatMap(({ eventLoopDelayP99Ms }) => eventLoopDelayP99Ms ?? []));
      if (performance.now() - cutAt < RECONNECT_EVERY_MS) continue;
      cutAt = performance.now();
      cuts += await cut(stage, sessions);
    }
    const { sent, lost, doubled, longestSendMs } = await talk.stop();
    const settled = memory.slice(Math.floor(memory.length * WARM_UP));
    const { slope, error } = slopeOf(settled);
    const megabytes = settled.map(([, value]) => value);
    const results = {
      sessions: count,
      seconds,
      sent,
      connectionsCut: cuts,
      longestSendMs,
      loopDelayP99Ms: round(quantile(loopP99Ms, 0.99)),
      loopDelayP50Ms: round(quantile(loopP99Ms, 0.5)),
      anonymousMBLeast: round(Math.min(...megabytes)),
      anonymousMBMost: round(Math.max(...megabytes)),
      slopeMBPerHour: round(slope),
      slopeErrorMBPerHour: round(error),
      // What the scatter of the looks does not explain.
      slopeBeyondNoiseMBPerHour: round(Math.max(0, slope - 2 * error)),
      lost,
      doubled,
    };
    return {
      results,
      targets: targetsFor(results, {
        slopeBeyondNoiseMBPerHour: [0, 'MB'],
        loopDelayP99Ms: [50, 'ms'],
        lost: [0, 'messages'],
        doubled: [0, 'messages'],
      }),
    };
  });
};

interface Loop {
  eventLoopDelayP99Ms: number | null;
}

interface Loops {
  runners: Loop[];
  supervisor: Loop;
}

const cut = async ({ whatsapp }: Stage, sessions: readonly PairedSession[]): Promise<number> => {
  const chosen = sessions.filter(() => Math.random() < CUT);
  let closed = 0;
  for (const { number } of chosen) closed += await whatsapp.client.closeConnections({ how: 'destroy' }, { number });
  return closed;
};

const sessionsOf = async ({ fleet }: Stage, count: number): Promise<PairedSession[]> => {
  const sessions: PairedSession[] = [];
  for await (const { number } of identitiesIn(fleet.identities, count)) {
    sessions.push({ sessionId: sessionIdOf(sessions.length), number, jid: `${number}@s.whatsapp.net` });
  }
  return sessions;
};

/** The stage as the tests' supports know one; who made it ends it. */
const sceneOf = ({ whatsapp }: Stage, { worker, dataDir }: WorkerContender): Scene => ({
  ...{ whatsapp, phones: whatsapp.client, dataDir, worker },
  restartWorker: async () => Promise.resolve(worker),
  close: async () => Promise.resolve(),
});
