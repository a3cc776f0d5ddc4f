import { setTimeout as sleep } from 'node:timers/promises';
import type { Bench, BenchOutcome } from './bench.js';
import type { Contender } from './contender.js';
import { openStage, pairedFleet, type PairedFleet, type Stage } from './fleet/paired-fleet.js';
import { cpuSecondsOf, memoryOf, sumMemory, type ProcessMemory } from './process-memory.js';
import { RawContender } from './raw/raw-contender.js';
import { medians, round } from './storage/figures.js';
import { WorkerContender } from './worker-contender.js';

/** Beyond it stock Baileys takes longer for each login than for all before. */
const MOST_STOCK_SESSIONS = 500;
const MANY = 1_000;

interface Idle {
  first: ProcessMemory;
  all: ProcessMemory;
  processes: number;
  cpuPercent: number;
}

/**
 * Memory and CPU of idle connected sessions: a worker with default settings, then Baileys alone in one process with its keys in the heap.
 * The worker's sessions have 812 pre-keys, 50 Signal sessions and 500 messages of history; those of Baileys the same without the history.
 */
export const density: Bench = async ({ sessions, seconds, rounds }) => {
  const fleet = await pairedFleet(sessions);
  const runs: Record<string, number>[] = [];
  for (let run = 0; run < rounds; run++) {
    runs.push(await measure(fleet, sessions, seconds));
    console.log(`  round ${run + 1} of ${rounds}: ${runs.at(-1)?.['pssPerSessionMB']} MB per session`);
  }
  const { results, spread } = medians(runs);
  return { results: { sessions, ...results }, spread, targets: targetsOf(results, sessions) };
};

const targetsOf = (results: Readonly<Record<string, number>>, sessions: number): BenchOutcome['targets'] => {
  const target = (name: string, limit: number, unit: string): BenchOutcome['targets'] => {
    const value = results[name];
    return value === undefined ? [] : [{ name, value, limit, unit }];
  };
  return sessions < MANY
    ? [...target('pssPerSessionMB', 0.8, 'MB'), ...target('workerToStock', 0.4, 'times')]
    : [
        ...target('pssPerSessionMB', 0.5, 'MB'),
        ...target('marginalPssPerSessionMB', 0.2, 'MB'),
        ...target('idleCpuPercentOfOneCore', 10, '%'),
        ...target('supervisorPssMB', 100, 'MB'),
      ];
};

const measure = async (fleet: PairedFleet, sessions: number, seconds: number): Promise<Record<string, number>> => {
  const worker = (count: number) => async (stage: Stage) => {
    const contender = new WorkerContender(stage, count);
    await contender.prepare();
    return contender;
  };
  const raw = (kind: 'stock' | 'fixed') => async (stage: Stage) => Promise.resolve(new RawContender(stage, sessions, kind));
  const all = { fleet, seconds, count: sessions };
  const halfOf = Math.ceil(sessions / 2);
  const { idle: half } = await whileIdle({ fleet, seconds, count: halfOf }, worker(halfOf));
  const { idle: full } = await whileIdle(all, worker(sessions));
  const fixed = await whileIdle(all, raw('fixed'));
  const stock = sessions <= MOST_STOCK_SESSIONS ? await whileIdle(all, raw('stock')) : undefined;
  return {
    processes: full.processes,
    workerPssMB: megabytes(full.all.pss),
    workerAnonymousMB: megabytes(full.all.anonymous),
    // Pages of programs and stores, which the kernel may drop.
    workerFileMB: megabytes(full.all.pss - full.all.anonymous),
    workerRssMB: megabytes(full.all.rss),
    supervisorPssMB: megabytes(full.first.pss),
    supervisorAnonymousMB: megabytes(full.first.anonymous),
    pssPerSessionMB: round(full.all.pss / 1024 / sessions),
    marginalPssPerSessionMB: round((full.all.pss - half.all.pss) / 1024 / (sessions - halfOf)),
    idleCpuPercentOfOneCore: round(full.cpuPercent),
    ...ofRaw('fixed', fixed),
    workerToFixed: round(full.all.pss / fixed.idle.all.pss),
    ...(stock && {
      ...ofRaw('stock', stock),
      workerToStock: round(full.all.pss / stock.idle.all.pss),
      workerToStockAfterGc: round(full.all.pss / stock.afterGc.pss),
    }),
  };
};

const ofRaw = (kind: 'stock' | 'fixed', { idle, afterGc }: Awaited<ReturnType<typeof whileIdle>>): Record<string, number> => ({
  [`${kind}PssMB`]: megabytes(idle.all.pss),
  [`${kind}RssMB`]: megabytes(idle.all.rss),
  [`${kind}AfterGcPssMB`]: megabytes(afterGc.pss),
  [`${kind}IdleCpuPercentOfOneCore`]: round(idle.cpuPercent),
});

/** Connects all sessions, leaves them alone, and looks. */
const whileIdle = async (
  { fleet, count, seconds }: { fleet: PairedFleet; count: number; seconds: number },
  make: (stage: Stage) => Promise<Contender>,
): Promise<{ idle: Idle; afterGc: ProcessMemory }> => {
  const stage = await openStage(fleet);
  try {
    const contender = await make(stage);
    try {
      await contender.open();
      const pids = await contender.pids();
      await assertConnectedOnce(stage, count);
      const cpu = (): number => pids.reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
      const before = cpu();
      await sleep(seconds * 1000);
      const cpuPercent = ((cpu() - before) / seconds) * 100;
      const memory = pids.map(memoryOf);
      await assertConnectedOnce(stage, count);
      const [first = sumMemory([])] = memory;
      const idle = { first, all: sumMemory(memory), processes: pids.length, cpuPercent };
      if (contender instanceof RawContender) await contender.call('collectGarbage');
      return { idle, afterGc: sumMemory(pids.map(memoryOf)) };
    } finally {
      await contender.close();
    }
  } finally {
    await stage.close();
  }
};

const assertConnectedOnce = async (stage: Stage, count: number): Promise<void> => {
  const { open, ever } = await stage.connections();
  if (open !== count || ever !== count) throw new Error(`${open} of ${count} sessions are connected, after ${ever} logins`);
};

const megabytes = (kilobytes: number): number => Math.round((kilobytes / 1024) * 10) / 10;
