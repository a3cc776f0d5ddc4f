import type { Bench } from './bench.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import type { LoadResult } from './load.js';
import { contactsOf, MOST_STOCK_SESSIONS, onStage, type Cast, type Kind } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';

/** Texts per second of all sessions together. The targets are for one of them, the others show what more or fewer texts do. */
const RATES = [10, 50, 100] as const;
const JUDGED = 50;
/** Sessions that send; the others are connected and idle. */
const ACTIVE = 50;

type ByRate = ReadonlyMap<number, LoadResult>;

/** From the moment a text is due until its acknowledgement is known: over HTTP from a worker, and inside Baileys alone. */
export const latency: Bench = async ({ sessions, seconds, rounds, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  const { results, spread } = await inRounds(rounds, async () => {
    const worker = await paced({ fleet, kind: 'worker', sessions }, seconds);
    const fixed = await paced({ fleet, kind: 'fixed', sessions }, seconds);
    const stock = sessions <= MOST_STOCK_SESSIONS ? await paced({ fleet, kind: 'stock', sessions }, seconds) : undefined;
    return {
      ...named('worker', worker),
      ...named('fixed', fixed),
      ...(stock && named('stock', stock)),
      p50AboveFixedMs: round(judged(worker).p50Ms - judged(fixed).p50Ms),
      p99AboveFixedMs: round(judged(worker).p99Ms - judged(fixed).p99Ms),
      workerFailures: [...worker.values()].reduce((sum, { failures }) => sum + failures, 0),
    };
  });
  const limits = { p50AboveFixedMs: [4, 'ms'], p99AboveFixedMs: [20, 'ms'], workerFailures: [0, 'messages'] } as const;
  return { results: { sessions, judgedPerSecond: JUDGED, ...results }, spread, targets: targetsFor(results, limits) };
};

/** Read by the page's picture, too: `workerAt50P99Ms`. */
const named = (kind: Kind, results: ByRate): Record<string, number> =>
  Object.fromEntries(
    [...results].flatMap(([rate, { p50Ms, p99Ms }]) => [
      [`${kind}At${rate}P50Ms`, round(p50Ms)],
      [`${kind}At${rate}P99Ms`, round(p99Ms)],
    ]),
  );

const judged = (results: ByRate): LoadResult => {
  const result = results.get(JUDGED);
  if (!result) throw new Error(`nothing was sent at ${JUDGED} texts per second`);
  return result;
};

const paced = async (cast: Cast, seconds: number): Promise<ByRate> =>
  onStage(cast, async (contender, stage) => {
    const active = Math.min(ACTIVE, cast.sessions);
    const contacts = await contactsOf(stage, active);
    await contender.open();
    // Spread over all runners.
    const routes = contacts.map((number, n) => ({ session: Math.floor((n * cast.sessions) / active), to: `${number}@s.whatsapp.net` }));
    // Until what runs often is compiled, in each process.
    await contender.send({ routes, seconds, perSecond: JUDGED });
    const results = new Map<number, LoadResult>();
    for (const perSecond of RATES) results.set(perSecond, await contender.send({ routes, seconds, perSecond }));
    return results;
  });
