import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench } from './bench.js';
import { pairedFleet, type PairedFleet, type Stage } from './fleet/paired-fleet.js';
import { cpuDuring, MOST_STOCK_LOGINS, onStage, QUIET_AFTER_MS, type Cast } from './on-stage.js';
import { memoryOf, sumMemory, type ProcessMemory } from './process-memory.js';
import { RawContender } from './raw/raw-contender.js';
import { inRounds, targetsFor, type Limits } from './rounds.js';
import { round } from './storage/figures.js';
import { WorkerContender } from './worker-contender.js';

const MANY = 1_000;

interface Idle {
  first: ProcessMemory;
  all: ProcessMemory;
  afterGc: ProcessMemory;
  processes: number;
  cpuPercent: number;
}

/** After its last login a worker has copied what logins read of the sessions' keys. */
const COPIED_AFTER_MS = 15_000;

/**
 * Memory and CPU of idle connected sessions: a worker with default settings, then Baileys alone in one process with its keys in the heap.
 * The worker is started twice and measured at the second time: the first login of a session reads its keys all over its store, later ones do
 * not. Its sessions have 812 pre-keys, 50 Signal sessions and 500 messages of history; those of Baileys the same without the history.
 */
export const density: Bench = async ({ sessions, seconds, rounds, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  const { results, spread } = await inRounds(rounds, async () => measure(fleet, sessions, seconds));
  return { results: { sessions, ...results }, spread, targets: targetsFor(results, sessions < MANY ? FEW : MORE) };
};

const FEW: Limits = { pssPerSessionMB: [0.8, 'MB'], workerToStock: [0.4, 'times'] };
const MORE: Limits = {
  pssPerSessionMB: [0.5, 'MB'],
  marginalPssPerSessionMB: [0.2, 'MB'],
  idleCpuPercentOfOneCore: [10, '%'],
  supervisorPssMB: [100, 'MB'],
};

const measure = async (fleet: PairedFleet, sessions: number, seconds: number): Promise<Record<string, number>> => {
  const halfOf = Math.ceil(sessions / 2);
  const half = await whileIdle({ fleet, kind: 'worker', sessions: halfOf }, seconds);
  const full = await whileIdle({ fleet, kind: 'worker', sessions }, seconds);
  const fixed = await whileIdle({ fleet, kind: 'fixed', sessions }, seconds);
  const stock = sessions <= MOST_STOCK_LOGINS ? await whileIdle({ fleet, kind: 'stock', sessions }, seconds) : undefined;
  return {
    processes: full.processes,
    workerPssMB: megabytes(full.all.pss),
    workerAnonymousMB: megabytes(full.all.anonymous),
    // Pages of programs and stores, which the kernel may drop.
    workerFileMB: megabytes(full.all.pss - full.all.anonymous),
    workerRssMB: megabytes(full.all.rss),
    workerAtHalfPssMB: megabytes(half.all.pss),
    supervisorPssMB: megabytes(full.first.pss),
    supervisorAnonymousMB: megabytes(full.first.anonymous),
    pssPerSessionMB: round(full.all.pss / 1024 / sessions),
    marginalPssPerSessionMB: round((full.all.pss - half.all.pss) / 1024 / (sessions - halfOf)),
    idleCpuPercentOfOneCore: round(full.cpuPercent),
    ...ofRaw('fixed', fixed),
    workerToFixed: round(full.all.pss / fixed.all.pss),
    ...(stock && {
      ...ofRaw('stock', stock),
      workerToStock: round(full.all.pss / stock.all.pss),
      workerToStockAfterGc: round(full.all.pss / stock.afterGc.pss),
    }),
  };
};

const ofRaw = (kind: 'stock' | 'fixed', { all, afterGc, cpuPercent }: Idle): Record<string, number> => ({
  [`${kind}PssMB`]: megabytes(all.pss),
  [`${kind}AnonymousMB`]: megabytes(all.anonymous),
  [`${kind}RssMB`]: megabytes(all.rss),
  [`${kind}AfterGcPssMB`]: megabytes(afterGc.pss),
  [`${kind}IdleCpuPercentOfOneCore`]: round(cpuPercent),
});

/** Connects all sessions, leaves them alone, and looks. */
const whileIdle = async (cast: Cast, seconds: number): Promise<Idle> =>
  onStage(cast, async (contender, stage) => {
    await contender.open();
    let logins = cast.sessions;
    if (contender instanceof WorkerContender) {
      await sleep(COPIED_AFTER_MS);
      await contender.worker.stop();
      await contender.open();
      logins *= 2;
    }
    const pids = await contender.pids();
    await assertConnected(stage, cast.sessions, logins);
    await sleep(QUIET_AFTER_MS);
    const { all: cpu } = await cpuDuring(pids, async () => sleep(seconds * 1000));
    const memory = pids.map(memoryOf);
    await assertConnected(stage, cast.sessions, logins);
    if (contender instanceof RawContender) await contender.call('collectGarbage');
    const [first = sumMemory([])] = memory;
    return {
      first,
      all: sumMemory(memory),
      afterGc: sumMemory(pids.map(memoryOf)),
      processes: pids.length,
      cpuPercent: (cpu / seconds) * 100,
    };
  });

const assertConnected = async (stage: Stage, count: number, logins: number): Promise<void> => {
  const { open, ever } = await stage.connections();
  if (open !== count || ever !== logins) throw new Error(`${open} of ${count} sessions are connected, after ${ever} logins`);
};

const megabytes = (kilobytes: number): number => Math.round((kilobytes / 1024) * 10) / 10;
