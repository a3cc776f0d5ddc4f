import { pairCreated } from '../support/scene.js';
import type { Bench } from './bench.js';
import { pairedFleet } from './fleet/paired-fleet.js';
import type { LoadResult } from './load.js';
import { contactsOf, onStage } from './on-stage.js';
import { inRounds, targetsFor } from './rounds.js';
import { round } from './storage/figures.js';
import { WorkerContender } from './worker-contender.js';

const PER_SECOND = 20;

/** As many sessions as there are already are paired at once, while those that were there send; what these notice. */
export const pair: Bench = async ({ sessions, seconds, rounds, wss }) => {
  const fleet = await pairedFleet(sessions, wss);
  const env = { WORKER_MAX_SESSIONS: String(2 * sessions), CONNECT_RATE_PER_SECOND: '10000' };
  const { results, spread } = await inRounds(rounds, async () =>
    onStage({ fleet, kind: 'worker', sessions, env }, async (contender, stage) => {
      if (!(contender instanceof WorkerContender)) throw new Error('only a worker pairs');
      const contacts = await contactsOf(stage, sessions);
      const routes = contacts.map((number, session) => ({ session, to: `${number}@s.whatsapp.net` }));
      await contender.open();
      await contender.send({ routes, seconds: Math.min(5, seconds), perSecond: PER_SECOND });
      const before = await contender.send({ routes, seconds, perSecond: PER_SECOND });
      const names = Array.from({ length: sessions }, (_, n) => `new-${n}`);
      for (const name of names) await contender.worker.create(name);
      const startedAt = performance.now();
      let pairingSeconds = Infinity;
      const pairing = Promise.all(
        names.map(async (name) => pairCreated({ worker: contender.worker, phones: stage.whatsapp.client }, name, PAIR_TIMEOUT_MS)),
      ).then(() => (pairingSeconds = (performance.now() - startedAt) / 1000));
      const meanwhile = await contender.send({ routes, seconds, perSecond: PER_SECOND });
      await pairing;
      return { ...named('before', before), ...named('meanwhile', meanwhile), pairingSeconds: round(pairingSeconds) };
    }),
  );
  return {
    results: { sessions, pairings: sessions, ...results },
    spread,
    targets: targetsFor(results, { meanwhileP99Ms: [100, 'ms'], meanwhileFailures: [0, 'messages'] }),
  };
};

const PAIR_TIMEOUT_MS = 300_000;

const named = (when: string, { p50Ms, p99Ms, failures }: LoadResult): Record<string, number> => ({
  [`${when}P50Ms`]: round(p50Ms),
  [`${when}P99Ms`]: round(p99Ms),
  [`${when}Failures`]: failures,
});
