// Benches that ask what a message costs: of a worker, and of Baileys alone, one after the other with the same sessions.
import type { BenchOptions, BenchOutcome } from './bench.js';
import { pairedFleet, type Stage } from './fleet/paired-fleet.js';
import { cpuDuring, MOST_STOCK_SESSIONS, onStage, type Cast, type Kind } from './on-stage.js';
import type { Contender } from './contender.js';
import { inRounds, targetsFor, type Limits } from './rounds.js';
import { round } from './storage/figures.js';

/** What is done with messages, and counted. */
interface Done {
  messages: number;
  /** By names that begin in upper case: the contender's is put before them. */
  figures: Record<string, number>;
}

interface MessageWork {
  /** Makes what the work needs, opens the contender, and does enough that what runs often is compiled. @returns the work that is measured */
  ready: (contender: Contender, stage: Stage, cast: Cast) => Promise<() => Promise<Done>>;
  limits: Limits;
}

interface Measured {
  figures: Record<string, number>;
  cpuMsPerMessage: number;
  /** Of all CPU, in the process that answers. */
  firstPercent: number;
}

/** Figures of each contender, and the CPU of the worker beside that of the others. */
export const cpuPerMessage = async ({ sessions, rounds, wss }: BenchOptions, { ready, limits }: MessageWork): Promise<BenchOutcome> => {
  const fleet = await pairedFleet(sessions, wss);
  const of = async (kind: Kind): Promise<Measured> => measured({ fleet, kind, sessions }, ready);
  const { results, spread } = await inRounds(rounds, async () => {
    const worker = await of('worker');
    const fixed = await of('fixed');
    const stock = sessions <= MOST_STOCK_SESSIONS ? await of('stock') : undefined;
    return {
      ...named('worker', worker),
      supervisorPercentOfCpu: round(worker.firstPercent),
      ...named('fixed', fixed),
      cpuPerMessageToFixed: round(worker.cpuMsPerMessage / fixed.cpuMsPerMessage),
      ...(stock && { ...named('stock', stock), cpuPerMessageToStock: round(worker.cpuMsPerMessage / stock.cpuMsPerMessage) }),
    };
  });
  return { results: { sessions, ...results }, spread, targets: targetsFor(results, limits) };
};

const named = (kind: Kind, { figures, cpuMsPerMessage }: Measured): Record<string, number> =>
  Object.fromEntries(
    Object.entries({ ...figures, CpuMsPerMessage: cpuMsPerMessage }).map(([name, value]) => [`${kind}${name}`, round(value)]),
  );

const measured = async (cast: Cast, ready: MessageWork['ready']): Promise<Measured> =>
  onStage(cast, async (contender, stage) => {
    const work = await ready(contender, stage, cast);
    const { result, first, all } = await cpuDuring(await contender.pids(), work);
    return { figures: result.figures, cpuMsPerMessage: (all * 1000) / result.messages, firstPercent: (first / all) * 100 };
  });
