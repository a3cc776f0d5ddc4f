import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { randomFrom } from '../support/ledger/random.js';
import { settle } from '../support/ledger/settle.js';
import { Traffic, type Answered, type Pauses } from '../support/ledger/traffic.js';
import type { WorkerProcess } from '../support/worker-process.js';
import { openChaosScene, type ChaosScene } from './chaos-scene.js';
import { planFaults } from './fault-plan.js';
import type { FaultKind } from './faults.js';
import { lookAtRunners } from './fleet-look.js';
import { judge, type Judgement } from './judge.js';
import { lineOf } from './report.js';
import { strike, type Strike } from './strike.js';
import { cpuSecondsOfAll, descriptorsOf, residentKilobytes, type Resident } from './vital-signs.js';

export interface ChaosOptions {
  seed: number;
  /** How long faults are committed; pairing, warming up and the comparison at the end come on top. */
  seconds: number;
  /** So many faults come, however long they take. */
  atLeast: number;
  runners: number;
  sessionsPerRunner: number;
  kinds: readonly FaultKind[];
  /** Of all sessions together. */
  sendsPerSecond: number;
  receivedPerSecond: number;
  say: (line: string) => void;
  /** Aborting it ends the faults; what was done until then is judged. */
  signal?: AbortSignal | undefined;
}

/** What was seen while the faults came. Times are Unix milliseconds. */
export interface Observed {
  from: number;
  to: number;
  strikes: Strike[];
  answered: Answered[];
  /** Of the supervisor, one a second. */
  resident: Resident[];
  descriptorsBefore: number;
  /** Percent of one processor that worker, WhatsApp and this process take when nothing is wrong. */
  calmCpuPercent: number;
  /** Of the whole machine, one a second: what else runs on it decides how fast all of this is. */
  loads: number[];
  failures: string[];
}

export interface ChaosResult extends Judgement {
  seed: number;
  observed: Observed;
  passed: boolean;
  /** Where everything is kept; only after a failure. */
  folder: string | undefined;
}

const LANES = 2;
const CALM_AFTER_MS = 10_000;
const FINISH_TIMEOUT_MS = 180_000;

/** Each lane pauses so that all of them together make the rate. */
const paceOf = ({ sendsPerSecond, receivedPerSecond, runners, sessionsPerRunner }: ChaosOptions): Pauses => {
  const around = (ms: number): Pauses['api'] => ({ least: ms / 2, most: ms * 1.5 });
  const sessions = runners * sessionsPerRunner;
  return { api: around((LANES * sessions * 1000) / sendsPerSecond), phone: around((sessions * 1000) / receivedPerSecond) };
};

/** Traffic, faults one after the other, and then the comparison of what was promised with what is there. */
export const chaosRun = async (options: ChaosOptions): Promise<ChaosResult> => {
  const { seed, say } = options;
  const world = await openChaosScene(options);
  const observed: Observed = {
    from: 0,
    to: 0,
    strikes: [],
    answered: [],
    resident: [],
    descriptorsBefore: countDescriptors(world.scene.worker),
    calmCpuPercent: 0,
    loads: [],
    failures: [],
  };
  const pauses = paceOf(options);
  // Numbers of its own: how much is said must not change what happens to whom.
  const traffic = new Traffic({ ...world, random: randomFrom(~seed), pauses, onAnswered: (answered) => observed.answered.push(answered) });
  try {
    traffic.start();
    say('  traffic begins');
    // The first message between two strangers takes longer than all others: every lane is to have had it.
    observed.calmCpuPercent = await calmCpuPercent(world, Math.max(pauses.api.most, pauses.phone.most));
    observed.answered.splice(0);
    await commitFaults(world, options, observed);
    try {
      await traffic.stop(FINISH_TIMEOUT_MS);
      await settle(world, traffic.accepted);
    } catch (error) {
      observed.failures.push(messageOf(error));
    }
    observed.to = Date.now();
    const judgement = await judge(world, traffic, observed, countDescriptors);
    // Of nothing everything is true.
    if (observed.strikes.length === 0) observed.failures.push('no fault was committed');
    if (judgement.calm.samples === 0) observed.failures.push('no send met no fault: there is nothing to compare with');
    const clean = observed.failures.length === 0 && judgement.checks.every(({ pass }) => pass);
    return { seed, observed, ...judgement, passed: clean, folder: await world.close(!clean) };
  } catch (error) {
    await traffic.stop(0).catch(() => undefined);
    const folder = await world.close(true);
    throw new Error(`the run could not be judged; its data is in ${folder ?? 'no folder'}`, { cause: error });
  }
};

/** What goes wrong meanwhile ends the faults, and is among the failures. */
const commitFaults = async ({ scene, orders }: ChaosScene, options: ChaosOptions, observed: Observed): Promise<void> => {
  const { seed, seconds, atLeast, runners, kinds, say, signal } = options;
  const { worker } = scene;
  const watch = setInterval(() => {
    if (!worker.isRunning) return;
    observed.resident.push(residentKilobytes(worker.child.pid ?? 0));
    observed.loads.push(loadavg()[0] ?? 0);
  }, 1_000);
  observed.from = Date.now();
  try {
    for (const planned of planFaults({ seconds, slots: runners, kinds, random: randomFrom(seed) })) {
      await sleep(planned.pauseMs, undefined, { ...(signal && { signal }) });
      if (observed.strikes.length >= atLeast && Date.now() > observed.from + seconds * 1000) break;
      const done = await strike(worker, orders, planned);
      observed.strikes.push(done);
      say(lineOf(done, observed.from));
    }
    await sleep(CALM_AFTER_MS);
  } catch (error) {
    observed.failures.push(messageOf(error));
  } finally {
    clearInterval(watch);
  }
};

const calmCpuPercent = async ({ scene }: ChaosScene, ms: number): Promise<number> => {
  const { worker, whatsapp } = scene;
  const runners = (await lookAtRunners(worker)).flatMap(({ pid }) => pid ?? []);
  const pids = [worker.child.pid ?? 0, whatsapp.pid, process.pid, ...runners];
  const before = cpuSecondsOfAll(pids);
  await sleep(ms);
  return ((cpuSecondsOfAll(pids) - before) / (ms / 1000)) * 100;
};

const countDescriptors = ({ child, baseUrl }: WorkerProcess): number => descriptorsOf(child.pid ?? 0, Number(new URL(baseUrl).port));

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
