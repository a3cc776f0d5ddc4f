import type { Bench } from './bench.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import type { LoadResult } from './load.js';
import { contactsOf, cpuDuring, MOST_STOCK_SESSIONS, onStage, type Cast, type Kind } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';

interface Sent {
  figures: LoadResult;
  cpuMsPerMessage: number;
  /** Of all CPU, in the process that answers. */
  firstPercent: number;
}

/** Texts as fast as they go, each session one after the other: over HTTP from a worker, and from Baileys alone, which waits for the same acks. */
export const send: Bench = async ({ sessions, seconds, rounds }) => {
  const fleet = await pairedFleet(sessions);
  const { results, spread } = await inRounds(rounds, async () => {
    const worker = await sent({ fleet, kind: 'worker', sessions }, seconds);
    const fixed = await sent({ fleet, kind: 'fixed', sessions }, seconds);
    const stock = sessions <= MOST_STOCK_SESSIONS ? await sent({ fleet, kind: 'stock', sessions }, seconds) : undefined;
    return {
      ...named('worker', worker),
      supervisorPercentOfCpu: round(worker.firstPercent),
      ...named('fixed', fixed),
      cpuPerMessageToFixed: round(worker.cpuMsPerMessage / fixed.cpuMsPerMessage),
      ...(stock && { ...named('stock', stock), cpuPerMessageToStock: round(worker.cpuMsPerMessage / stock.cpuMsPerMessage) }),
    };
  });
  return {
    results: { sessions, ...results },
    spread,
    targets: targetsFor(results, {
      // 0.7 times the messages per core of one, and 1.8 times those of the other.
      cpuPerMessageToFixed: [1.43, 'times'],
      cpuPerMessageToStock: [0.556, 'times'],
      workerP99Ms: [250, 'ms'],
      supervisorPercentOfCpu: [20, '%'],
      workerFailures: [0, 'messages'],
    }),
  };
};

const named = (kind: Kind, { figures, cpuMsPerMessage }: Sent): Record<string, number> => ({
  [`${kind}PerSecond`]: round(figures.done / figures.seconds),
  [`${kind}CpuMsPerMessage`]: round(cpuMsPerMessage),
  [`${kind}P50Ms`]: round(figures.p50Ms),
  [`${kind}P99Ms`]: round(figures.p99Ms),
  [`${kind}Failures`]: figures.failures,
});

const sent = async (cast: Cast, seconds: number): Promise<Sent> =>
  onStage(cast, async (contender, stage) => {
    const contacts = await contactsOf(stage, cast.sessions);
    await contender.open();
    const routes = contacts.map((number, session) => ({ session, to: `${number}@s.whatsapp.net` }));
    // Each has written to its contact before, and what runs often is compiled.
    await contender.send({ routes, seconds: Math.min(5, seconds) });
    const pids = await contender.pids();
    const { result: figures, first, all } = await cpuDuring(pids, async () => contender.send({ routes, seconds }));
    if (figures.failure !== undefined) console.log(`  ${cast.kind}: ${figures.failures} failed, the first: ${figures.failure}`);
    return { figures, cpuMsPerMessage: (all * 1000) / figures.done, firstPercent: (first / all) * 100 };
  });
