import type { Bench } from './bench.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import { cpuDuring, MOST_STOCK_LOGINS, onStage, type Cast, type Kind } from './on-stage.js';
import { cpuSecondsOf } from './process-memory.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';

interface LoggedIn {
  seconds: number;
  cpuMsPerLogin: number;
}

/** A start with many paired sessions and the pace of connects opened, until all are connected. The start of the processes counts. */
export const login: Bench = async ({ sessions, rounds, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  const env = { CONNECT_RATE_PER_SECOND: '10000' };
  const { results, spread } = await inRounds(rounds, async () => {
    const worker = await loggedIn({ fleet, kind: 'worker', sessions, env });
    const fixed = await loggedIn({ fleet, kind: 'fixed', sessions });
    const stock = sessions <= MOST_STOCK_LOGINS ? await loggedIn({ fleet, kind: 'stock', sessions }) : undefined;
    return {
      ...named('worker', worker),
      ...named('fixed', fixed),
      cpuPerLoginToFixed: round(worker.cpuMsPerLogin / fixed.cpuMsPerLogin),
      ...(stock && { ...named('stock', stock), cpuPerLoginToStock: round(worker.cpuMsPerLogin / stock.cpuMsPerLogin) }),
    };
  });
  return {
    results: { sessions, ...results },
    spread,
    targets: targetsFor(results, { workerConnectedSeconds: [30, 's'], cpuPerLoginToStock: [0.6, 'times'] }),
  };
};

const named = (kind: Kind, { seconds, cpuMsPerLogin }: LoggedIn): Record<string, number> => ({
  [`${kind}ConnectedSeconds`]: round(seconds),
  [`${kind}CpuMsPerLogin`]: round(cpuMsPerLogin),
});

const loggedIn = async (cast: Cast): Promise<LoggedIn> =>
  onStage(cast, async (contender) => {
    const startedAt = performance.now();
    if (cast.kind === 'worker') {
      await contender.open();
      const seconds = (performance.now() - startedAt) / 1000;
      const cpu = (await contender.pids()).reduce((sum, pid) => sum + cpuSecondsOf(pid), 0);
      return { seconds, cpuMsPerLogin: (cpu * 1000) / cast.sessions };
    }
    // Baileys' process has started before and has read its identities, which is not counted.
    const { all } = await cpuDuring(await contender.pids(), async () => contender.open());
    return { seconds: (performance.now() - startedAt) / 1000, cpuMsPerLogin: (all * 1000) / cast.sessions };
  });
