import type { Bench } from './bench.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import type { LoadResult } from './load.js';
import { contactsOf, MOST_STOCK_SESSIONS, onStage, type Cast, type Kind } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';

const PER_SECOND = 50;
/** Sessions that send; the others are connected and idle. */
const ACTIVE = 50;

/** From the moment a text is due until its acknowledgement is known: over HTTP from a worker, and inside Baileys alone. */
export const latency: Bench = async ({ sessions, seconds, rounds }) => {
  const fleet = await pairedFleet(sessions);
  const { results, spread } = await inRounds(rounds, async () => {
    const worker = await paced({ fleet, kind: 'worker', sessions }, seconds);
    const fixed = await paced({ fleet, kind: 'fixed', sessions }, seconds);
    const stock = sessions <= MOST_STOCK_SESSIONS ? await paced({ fleet, kind: 'stock', sessions }, seconds) : undefined;
    return {
      ...named('worker', worker),
      ...named('fixed', fixed),
      ...(stock && named('stock', stock)),
      p50AboveFixedMs: round(worker.p50Ms - fixed.p50Ms),
      p99AboveFixedMs: round(worker.p99Ms - fixed.p99Ms),
    };
  });
  const limits = { p50AboveFixedMs: [4, 'ms'], p99AboveFixedMs: [20, 'ms'], workerFailures: [0, 'messages'] } as const;
  return {
    results: { sessions, perSecond: PER_SECOND, ...results },
    spread,
    targets: targetsFor(results, limits),
  };
};

const named = (kind: Kind, { p50Ms, p99Ms, failures }: LoadResult): Record<string, number> => ({
  [`${kind}P50Ms`]: round(p50Ms),
  [`${kind}P99Ms`]: round(p99Ms),
  [`${kind}Failures`]: failures,
});

const paced = async (cast: Cast, seconds: number): Promise<LoadResult> =>
  onStage(cast, async (contender, stage) => {
    const active = Math.min(ACTIVE, cast.sessions);
    const contacts = await contactsOf(stage, active);
    await contender.open();
    // Spread over all runners.
    const routes = contacts.map((number, n) => ({ session: Math.floor((n * cast.sessions) / active), to: `${number}@s.whatsapp.net` }));
    await contender.send({ routes, seconds, perSecond: PER_SECOND });
    return contender.send({ routes, seconds, perSecond: PER_SECOND });
  });
