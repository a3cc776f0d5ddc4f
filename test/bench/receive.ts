import type { Bench } from './bench.js';
import { pairedFleet, type Stage } from './fleet/paired-fleet.js';
import { contactsOf, cpuDuring, MOST_STOCK_SESSIONS, onStage, type Cast, type Kind } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { identitiesIn } from './fleet/identity.js';
import { round } from './storage/figures.js';

/** Texts that each phone sends in a second of the bench; the simulated WhatsApp decides how long that takes. */
const PER_PHONE_AND_SECOND = 5;

interface Received {
  perSecond: number;
  cpuMsPerMessage: number;
  firstPercent: number;
}

/** Phones write to every session at once; it is over when the last text is where a client sees it. */
export const receive: Bench = async ({ sessions, seconds, rounds }) => {
  const fleet = await pairedFleet(sessions);
  const { results, spread } = await inRounds(rounds, async () => {
    const worker = await flooded({ fleet, kind: 'worker', sessions }, seconds);
    const fixed = await flooded({ fleet, kind: 'fixed', sessions }, seconds);
    const stock = sessions <= MOST_STOCK_SESSIONS ? await flooded({ fleet, kind: 'stock', sessions }, seconds) : undefined;
    return {
      ...named('worker', worker),
      supervisorPercentOfCpu: round(worker.firstPercent),
      ...named('fixed', fixed),
      cpuPerMessageToFixed: round(worker.cpuMsPerMessage / fixed.cpuMsPerMessage),
      ...(stock && { ...named('stock', stock), cpuPerMessageToStock: round(worker.cpuMsPerMessage / stock.cpuMsPerMessage) }),
    };
  });
  return {
    results: { sessions, messages: sessions * seconds * PER_PHONE_AND_SECOND, ...results },
    spread,
    // 0.8 times the messages per second of CPU.
    targets: targetsFor(results, { cpuPerMessageToFixed: [1.25, 'times'], supervisorPercentOfCpu: [30, '%'] }),
  };
};

const named = (kind: Kind, { perSecond, cpuMsPerMessage }: Received): Record<string, number> => ({
  [`${kind}PerSecond`]: round(perSecond),
  [`${kind}CpuMsPerMessage`]: round(cpuMsPerMessage),
});

const flooded = async (cast: Cast, seconds: number): Promise<Received> =>
  onStage(cast, async (contender, stage) => {
    const routes = await routesOf(stage, cast.sessions);
    const sessions = [...routes.keys()];
    await contender.open();
    await write(stage, routes, 3, 'warm-up');
    await contender.untilReceived(sessions, 'warm-up');
    const each = seconds * PER_PHONE_AND_SECOND;
    const startedAt = performance.now();
    const { first, all } = await cpuDuring(await contender.pids(), async () => {
      await write(stage, routes, each, 'the last one');
      await contender.untilReceived(sessions, 'the last one');
    });
    const messages = sessions.length * each;
    return {
      perSecond: (messages * 1000) / (performance.now() - startedAt),
      cpuMsPerMessage: (all * 1000) / messages,
      firstPercent: (first / all) * 100,
    };
  });

const routesOf = async (stage: Stage, sessions: number): Promise<{ from: string; to: string }[]> => {
  const contacts = await contactsOf(stage, sessions);
  const routes: { from: string; to: string }[] = [];
  for await (const { number } of identitiesIn(stage.fleet.identities, sessions)) {
    routes.push({ from: contacts[routes.length] ?? '', to: number });
  }
  return routes;
};

const write = async ({ whatsapp }: Stage, routes: { from: string; to: string }[], each: number, last: string): Promise<void> => {
  await Promise.all(
    routes.map(async ({ from, to }) => {
      for (let n = 1; n <= each; n++) await whatsapp.client.send(from, to, n === each ? last : `message ${n}`);
    }),
  );
};
